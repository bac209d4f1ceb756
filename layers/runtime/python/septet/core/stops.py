"""Standing stops: what an operator stopped stays stopped, for new runs too, until somebody lifts it."""

from typing import Literal, Protocol

from septet.core.frozen import frozen

EVERYBODY = "*"
"""In place of a tenant: a stop for all of them. No tenant is named so."""
Scope = Literal["agent", "tenant", "platform"]


@frozen
class Standing:
    """One standing stop."""

    scope: Scope
    name: str = ""
    """The agent's; empty for a tenant or the platform."""
    by: str
    """Who stopped it."""
    reason: str
    at: int
    """Milliseconds since the epoch."""

    @property
    def why(self) -> str:
        """What accounts and refusals say of it."""
        what = f"agent {self.name}" if self.scope == "agent" else f"the {self.scope}"
        return f"{what} was stopped by {self.by}: {self.reason}"


class Stops(Protocol):
    """Storage of standing stops, read consistently. Raises StoreUnavailable when it fails; all of it can be repeated.

    A submission reads them after it has opened its accounts, and a stop lists what runs after it was put: so of two at once, either the
    stop sees the run or the run sees the stop.
    """

    def put(self, tenant: str, standing: Standing) -> Standing:
        """Store *standing* for *tenant*, or for ``EVERYBODY``, and return what stands: of two with one scope and name the first."""
        ...

    def lift(self, tenant: str, scope: Scope, name: str = "", *, at: int | None = None) -> bool:
        """Take a stop away, with *at* only the one of that time; whether there was one. What it has stopped before stays stopped."""
        ...

    def of(self, tenant: str) -> tuple[Standing, ...]:
        """The stops that concern *tenant*: its own and everybody's."""
        ...
