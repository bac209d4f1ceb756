"""Whether the arbiter chose one of the verdicts that it was shown."""

from collections.abc import Mapping, Sequence
from typing import Any


def check(answer: Mapping[str, Any], seen: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what is wrong, a sentence each; nothing when all is well."""
    shown = [name for one in seen.get("resolved", []) for name in one["value"]]
    if answer["choice"] in shown:
        return []
    return [f"{answer['choice']} is none of the verdicts that you were shown: choose one of {', '.join(shown)}."]
