"""Whether the answer cites what was read in this run, all that it lists and no other, and names every branch without an answer."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_BRACKETS = re.compile(r"[\[\uFF3B\u3010]([^\[\]\uFF3B\uFF3D\u3010\u3011]*)[\]\uFF3D\u3011]")
"""Square ones, and those that look alike."""
_ROUND = re.compile(r"\(([^()]*)\)")
_ID = re.compile(r"[a-z]+(?:-[a-z0-9]+)*-[a-z]*[0-9][a-z0-9]*(?:-[a-z0-9]+)*")
"""What looks like the id of a document, wherever it stands."""


def check(answer: Mapping[str, Any], seen: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what is wrong, a sentence each; nothing when all is well."""
    read = {one["id"] for one in seen.get("read_document", []) if one.get("found")}
    cited, listed = _cited(answer["text"]), set(answer["sources"])
    missing = {branch for one in seen.get("resolved", []) for branch in (*one["missing"], *_empty(one["value"]))}
    named = {gap["branch"] for gap in answer["gaps"]}
    stray = {id_ for inside in _ROUND.findall(answer["text"]) for id_ in _ID.findall(inside)} - cited
    return [
        *(
            f"{id_} is no document that a specialist or you have read: cite what the findings name, its id alone in square brackets."
            for id_ in sorted((cited | listed | stray) - read)
        ),
        *(f"{id_} is cited in round brackets: cite in square ones." for id_ in sorted(stray & read)),
        *(f"{id_} is cited and not in sources: list it." for id_ in sorted(cited - listed)),
        *(f"{id_} is in sources and not cited: cite it in the text, or leave it out." for id_ in sorted(listed - cited)),
        *(f"{branch} has no answer and is not in gaps: name it, its question, and why." for branch in sorted(missing - named)),
        *(["Nothing is cited: say behind each statement which document says so."] if not cited else []),
    ]


def _cited(text: str) -> set[str]:
    """What stands in square brackets, of which one pair may have several ids."""
    parts = (part.strip() for inside in _BRACKETS.findall(text) for part in re.split("[,;]", inside))
    return {part for part in parts if part}


def _empty(resolved: Any) -> list[str]:
    """The branches whose specialist looked and found nothing."""
    findings = resolved.get("findings", {}) if isinstance(resolved, Mapping) else {}
    return [branch for branch, claims in findings.items() if not claims]
