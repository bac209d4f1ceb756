"""Effects happen once: the record that decides whether a call that changes the world may be made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from septet.core.canonical import digest
from septet.security.manifests import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One effect of one run."""

    tenant: str
    run: str
    key: str
    tool: str
    status: Literal["intended", "done"]
    deadline: int
    """Milliseconds since the epoch until which whoever intended it may still be at it."""
    by: str
    """Who intended it: unlike any other attempt at this or another effect."""
    value: Any = None
    """The tool's result once it is done."""


def effect_key(manifest: Manifest, run: str, arguments: Mapping[str, Any]) -> str:
    """The key of a call, made of platform facts and identity arguments only.

    So another agent that words the call differently meets the same record.
    """
    return digest(run.encode(), manifest.name.encode(), manifest.identified(arguments))[:40]


class Effects(Protocol):
    """Storage of effects. Agents cannot write it; it alone decides."""

    def intend(self, effect: Effect, *, now: int, again: bool) -> Effect | None:
        """Store the intent if there is none, or, with *again*, if the one there is has passed its deadline by *now* without a result.

        None when stored, also when it was stored before and the answer was lost; else the record that stands in the way.
        """
        ...

    def done(self, effect: Effect, value: Any) -> None:
        """Write the result, also when the intent was released meanwhile: it has happened. Writing it twice leaves the first."""
        ...

    def release(self, effect: Effect) -> None:
        """Forget this very intent, whose call provably had no effect; another's, or a done effect, stays."""
        ...

    def get(self, tenant: str, run: str, key: str) -> Effect | None:
        """The record, read consistently."""
        ...
