"""Whether every claim rests on documents that were read, with words that stand in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from septet.execution.quotes import problems, texts


def check(answer: Mapping[str, Any], seen: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return what is wrong, a sentence each; nothing when all is well."""
    read = texts(seen)
    return [problem for claim in answer["claims"] for problem in problems(claim["key"], claim["sources"], read)]
