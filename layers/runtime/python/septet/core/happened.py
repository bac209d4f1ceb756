"""What is known of the effects of a run, without their results."""

from typing import Protocol

from septet.core.frozen import frozen


@frozen
class Happened:
    """One effect."""

    tool: str
    key: str
    happened: bool
    """If not, it was begun: whether it has happened is not known here."""
    deadline: int
    """Milliseconds since the epoch until which whoever began it may still be at it."""


class Effected(Protocol):
    """A view of the effects table."""

    def of(self, tenant: str, run: str) -> tuple[Happened, ...]:
        """Every effect of *run*, begun or done, read consistently. Raises StoreUnavailable."""
        ...
