"""Stops as people order them, and what is kept of each as its proof: what it has stopped, when that ended, what it had done."""

from collections.abc import Iterator
from typing import Literal, Protocol

from septet.core.canonical import canonical, digest
from septet.core.frozen import frozen
from septet.core.happened import Happened

Scope = Literal["run", "agent", "tenant", "platform"]
"""A run comes with those that it started; an agent's stop lets runs go on without it."""
State = Literal["starting", "running", "waiting", "over"]
"""``starting``: no execution yet. ``waiting`` for somebody outside."""


@frozen
class StopOrder:
    """One stop, as it was ordered, and how far it has come."""

    tenant: str
    """Whose operator ordered it; a platform's stop belongs to the tenant that operates the platform."""
    stop: str
    """Its id, made by ``stop_id``: two people who stop the same at once order one stop."""
    scope: Scope
    name: str = ""
    """The run's, or the agent's; empty for a tenant or the platform."""
    by: str
    reason: str
    at: int
    """Milliseconds since the epoch, as all times here."""
    acknowledged_at: int | None = None
    """From when on no reservation and no intent of what it covers is accepted."""
    finished_at: int | None = None
    """When nothing that it covers was running or left to settle."""
    lifted_at: int | None = None
    lifted_by: str = ""

    @property
    def why(self) -> str:
        """What accounts, records and journals say of it."""
        what = {"run": "the run", "agent": f"agent {self.name}"}.get(self.scope, f"the {self.scope}")
        return f"{what} was stopped by {self.by}: {self.reason}"


@frozen
class StoppedRun:
    """One run that a stop covers."""

    tenant: str
    run: str
    workflow: str
    parent: str = ""
    attempt: int = 0
    """Of the run, that is stopped; a later one is not this stop's."""
    since: int
    found_at: int
    state: State = "running"
    """When the stop found it."""
    execution: str = ""
    """The attempt's, which is aborted."""
    status: str = "running"
    """Of its record, once it has ended."""
    ended_at: int | None = None
    spent: int = 0
    """Micro-dollars."""
    held: int = 0
    """Micro-dollars for calls that were admitted before the stop and whose end is not known."""
    effects: tuple[Happened, ...] = ()
    settled: bool = False
    """It has ended, nothing of it is under way any more, and its journal says that it was stopped."""
    version: int = 0
    """How often it was renewed."""


class StopRecords(Protocol):
    """Storage of stops and their proofs. Every method raises StoreUnavailable when the store fails, and can be repeated."""

    def put(self, order: StopOrder) -> StopOrder:
        """Store *order* unless there is one with its id, and return what stands."""
        ...

    def get(self, tenant: str, stop: str) -> StopOrder | None:
        """The stop, read consistently; None when there is none."""
        ...

    def listed(self, tenant: str) -> tuple[StopOrder, ...]:
        """The tenant's stops, newest first."""
        ...

    def unfinished(self) -> Iterator[StopOrder]:
        """Every tenant's stops that have not finished."""
        ...

    def acknowledged(self, order: StopOrder, at: int) -> None:
        """Note from when on nothing new was accepted; the first note stands."""
        ...

    def finished(self, order: StopOrder, at: int) -> None:
        """Note when nothing was left; the first note stands."""
        ...

    def lifted(self, order: StopOrder, *, by: str, at: int) -> None:
        """Note who lifted it; the first note stands."""
        ...

    def cover(self, order: StopOrder, run: StoppedRun) -> None:
        """Note that the stop covers *run*, as it was found first."""
        ...

    def renew(self, order: StopOrder, run: StoppedRun) -> StoppedRun:
        """Note how *run* stands now, unless somebody has renewed it since it was read, and return what stands.

        So several may work on a stop at once: whoever comes late, however long they were held up, changes nothing of what others found.
        """
        ...

    def covered(self, tenant: str, stop: str) -> tuple[StoppedRun, ...]:
        """Every run that the stop covers, read consistently, by tenant and id."""
        ...


def stop_id(tenant: str, scope: Scope, name: str, *of: str | int) -> str:
    """The id of a stop: of the run's present attempt, or of who stopped the rest and when."""
    return "stp-" + digest(canonical([tenant, scope, name, *of]))[:32]
