"""What providers report in words and figures of their own, read: usage, a call's arguments, and whether a request was too long."""

import json
from collections.abc import Mapping
from typing import Any

from septet.core.money import Usage

MOST_TOKENS = 1_000_000_000
"""More than any call has; a larger figure is none."""

_TOO_LONG = (
    "too long",
    "too many input tokens",
    "context length",
    "context limit",
    "context window",
    "exceeds the context",
    "input is too large",
)
"""What providers write when a request does not fit the context window, in lower case."""


def usage(figures: Any, **names: str) -> tuple[Usage, bool]:
    """The usage in *figures*, and whether it can be believed; *names* gives the provider's name of each of our figures.

    ``input`` and ``output`` must be there, the rest may be missing; each is a whole number of tokens from 0. Otherwise nothing is reported.
    """
    if not isinstance(figures, Mapping):
        return Usage(), False
    found: dict[str, Any] = {ours: figures[theirs] for ours, theirs in names.items() if figures.get(theirs) is not None}
    if not {"input", "output"} <= found.keys() or not all(_counts(figure) for figure in found.values()):
        return Usage(), False
    return Usage(**found), True


def _counts(figure: Any) -> bool:
    return type(figure) is int and 0 <= figure <= MOST_TOKENS


def too_long(message: str) -> bool:
    """Whether a provider's *message* says that the request does not fit the context window."""
    said = message.lower()
    return any(sign in said for sign in _TOO_LONG)


def arguments(text: Any) -> Any:
    """A call's arguments from the JSON *text* a model wrote; the text itself when it is none, for the gateway to refuse by name."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        return text
