"""Names that spans and metrics may say: those of declarations and of known classes of errors, and nothing that anybody worded."""

from collections.abc import Collection

from septet.core.entries import LOST
from septet.core.errors import CLASSES

OTHER = "other"
"""Said in place of a name that is none of them."""
STANDS_IN = frozenset({"take_over", "degrade"})
"""Purposes of a routing by which another does what somebody could not."""
_KNOWN = frozenset({*CLASSES, LOST, "ExecutionLost", "NotStarted"})
_OUTSIDE = ("States.", "Lambda.", "Sandbox.")
_LONGEST = 80


def error_class(name: str, other: str = OTHER) -> str:
    """*name*, if it is empty or a class of errors that the platform or AWS knows; *other* if not."""
    outside = name.startswith(_OUTSIDE) and name.replace(".", "").isalnum() and name.isascii() and len(name) < _LONGEST
    return name if not name or name in _KNOWN or outside else other


def declared(name: str, names: Collection[str]) -> str:
    """*name*, if it is one of the declared *names*."""
    return name if name in names else OTHER
