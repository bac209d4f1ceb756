"""The rule ``all``: every answer is kept, and what contradicts is named."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from septet.core.errors import NoAnswer
from septet.core.frozen import frozen
from septet.orchestration.resolving.candidates import Candidate, Verdict, ordered
from septet.orchestration.resolving.normal import normal

FINDINGS = 1_000
"""Findings that are compared, as many of each branch. Those after are kept, and count as a conflict: they may contradict anything."""
CONFLICTS = 100
"""Conflicts that are named; of more it is said how many there are."""
RULE = "every answer is kept; two findings with the same key and values that are not the same after normalising are a conflict"


@frozen
class Keys:
    """The fields by which findings are compared."""

    key: str = "key"
    """Says what a finding is about."""
    value: str = "value"
    """Says what was found."""


@frozen
class _Finding:
    """One statement of one branch."""

    path: str
    key: Any
    value: Any


def telling(candidates: Sequence[Candidate]) -> tuple[list[Candidate], dict[str, str]]:
    """Those of *candidates* that found something, and by branch why the others have no answer: an empty list, object or text is none."""
    empty = {one.path: NoAnswer.__name__ for one in candidates if isinstance(one.value, str | list | Mapping) and not one.value}
    return [one for one in candidates if one.path not in empty], empty


def together(candidates: Sequence[Candidate], keys: Keys) -> Verdict:
    """All answers by branch, with their conflicts: ``{"findings": {branch: answer}, "conflicts": [{"key", "values": [{"value", "by"}]}]}``.

    A finding is an object with both fields of *keys*, in a list or by itself; any other answer is kept and compared with nothing.
    """
    each = [list(_findings(one, keys)) for one in ordered(candidates)]
    quota = FINDINGS // max(1, len(each))
    compared = [finding for own in each for finding in own[:quota]]
    left = sum(map(len, each)) - len(compared)
    conflicts = _conflicts(compared)
    value = {"findings": {one.path: one.value for one in ordered(candidates)}, "conflicts": conflicts[:CONFLICTS]}
    rationale = {
        "rule": RULE,
        "keys": [keys.key, keys.value],
        "compared": len(compared),
        "not_compared": left,
        "conflicts": len(conflicts) + (left > 0),
    }
    return Verdict(winner="", value=value, rationale=rationale)


def _findings(candidate: Candidate, keys: Keys) -> Iterator[_Finding]:
    for item in candidate.value if isinstance(candidate.value, list) else [candidate.value]:
        if isinstance(item, Mapping) and isinstance(item.get(keys.key), str | int | float) and keys.value in item:
            yield _Finding(path=candidate.path, key=item[keys.key], value=item[keys.value])


def _conflicts(found: Sequence[_Finding]) -> list[dict[str, Any]]:
    """What is said of one key in several ways, each way with who says so, in the order in which it was said first."""
    said: dict[str | None, dict[str | None, dict[str, Any]]] = {}
    names: dict[str | None, Any] = {}
    for finding in found:
        key = normal(finding.key)
        names.setdefault(key, finding.key)
        ways = said.setdefault(key, {})
        by = ways.setdefault(normal(finding.value), {"value": finding.value, "by": []})["by"]
        if finding.path not in by:
            by.append(finding.path)
    return [{"key": names[key], "values": list(ways.values())} for key, ways in said.items() if len(ways) > 1]
