"""One value among a call's arguments, with what is known of it."""

from typing import Any

from septet.core.frozen import frozen
from septet.security.labels import Label
from septet.security.manifests import Argument
from septet.security.records import Reading

PICKS = frozenset({"selector", "attachment"})
"""Roles whose values pick records."""
AIMS = frozenset({"target", *PICKS})
"""Roles that say whom or what a call concerns."""


@frozen
class Labelled:
    """One value among a call's arguments."""

    path: str
    value: Any
    declared: Argument
    label: Label
    asked: int = 0
    """For a label that rests on the request: bits of the effects that are asked for where it names the value."""
    named: int = 0
    """How often the request names it."""
    picked: Reading | None = None
    """The record it picks."""
    ambiguous: bool = False
    unplanned: Label | None = None
    """Its label without the plan that vouches for it; None: none does."""
