"""Whether the verdict is the one that stands, and what is cited was read in this run."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from septet.execution.quotes import plain

_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def check(answer: Mapping[str, Any], seen: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what is wrong, a sentence each; nothing when all is well."""
    read = {one["id"] for one in seen.get("read_document", []) if one.get("found")}
    stands = [str(one["value"]["verdict"]) for one in seen.get("resolved", [])]
    cited = {part.strip() for inside in _BRACKETS.findall(answer["text"]) for part in re.split("[,;]", inside) if part.strip()}
    listed = set(answer["sources"])
    return [
        *(f"The verdict that stands is {verdict}: say that one." for verdict in stands if plain(verdict) != plain(answer["verdict"])),
        *(
            f"{id_} is no document that an assessor or you have read: cite what the finding names, its id alone in square brackets."
            for id_ in sorted((cited | listed) - read)
        ),
        *(f"{id_} is cited and not in sources: list it." for id_ in sorted((cited - listed) & read)),
        *(f"{id_} is in sources and not cited: cite it in the text, or leave it out." for id_ in sorted((listed - cited) & read)),
    ]
