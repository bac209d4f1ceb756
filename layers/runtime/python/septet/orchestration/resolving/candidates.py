"""What the rules work on and what they say. Pure values."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from septet.core.frozen import frozen

SURE = 1_000_000
"""The weight of an answer whose agent is entirely sure: weights are whole millionths, so that their sums do not depend on an order."""
PERCENT = 100
"""The most that a confidence can be which somebody has given in percent by mistake; what is more means nothing."""


@frozen
class Candidate:
    """The answer of one branch."""

    path: str
    """Of the branch."""
    value: Any
    form: str
    """The normal form of ``value``."""
    weight: int = 0
    """How sure its agent says it is, in millionths."""


@frozen
class Group:
    """The answers that say the same."""

    members: tuple[Candidate, ...]
    """In the order of their branches; at least one."""

    @property
    def paths(self) -> list[str]:
        """Their branches."""
        return [one.path for one in self.members]

    @property
    def weight(self) -> int:
        """Of all of them."""
        return sum(one.weight for one in self.members)


@frozen
class Verdict:
    """What a rule makes of the candidates."""

    winner: str
    """The branch whose answer stands; empty when several are put together."""
    value: Any
    rationale: Mapping[str, Any]
    """The rule in a sentence and the figures it was applied to: enough to apply it again by hand."""


def weight(confidence: Any) -> int:
    """What a confidence weighs, from 0 to ``SURE``.

    From 0 to 1 as it stands; above that as 1, as far as a share in percent goes. Anything else weighs nothing: a text, a negative number,
    NaN, an infinity, a million.
    """
    if isinstance(confidence, bool) or not isinstance(confidence, int | float):
        return 0
    if not 0 <= confidence <= PERCENT or not isfinite(confidence):
        return 0
    return round(min(confidence, 1) * SURE)


def place(path: str) -> tuple[int, str]:
    """The order of branches that parting gave them: ``specialists-2`` comes before ``specialists-10``."""
    number = path.rpartition("-")[2]
    return (int(number) if number.isascii() and number.isdigit() and len(number) < 9 else 10**9), path  # noqa: PLR2004 -- no such many


def ordered(candidates: Sequence[Candidate]) -> list[Candidate]:
    """*candidates* in the order of their branches, whichever answered first."""
    return sorted(candidates, key=lambda one: place(one.path))


def groups(candidates: Sequence[Candidate]) -> list[Group]:
    """*candidates* by what they say, in the order of each group's first branch."""
    found: dict[str, list[Candidate]] = {}
    for one in ordered(candidates):
        found.setdefault(one.form, []).append(one)
    return [Group(members=tuple(members)) for members in found.values()]
