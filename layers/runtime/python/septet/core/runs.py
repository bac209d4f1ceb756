"""The record of a run that stands beside its journal: who started it, where it executes, how it ended."""

from typing import Literal, Protocol

from septet.core.frozen import frozen
from septet.core.journal import MAIN

Status = Literal["running", "succeeded", "failed", "stopped", "timed_out", "refused"]
"""``refused`` never started: for want of money, because of a stop, or the submission broke off. Submitted again with its key, it may be.

``waiting`` is no status of the record: whether a person is being waited for is read from the journal."""

ENDED: dict[str, Status] = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "stopped"}
"""A run's status by its execution's, as Step Functions names them."""


@frozen
class Run:
    """One execution of a workflow for one tenant."""

    tenant: str
    run: str
    workflow: str
    submitter: str
    """The principal of the token that started it."""
    roles: tuple[str, ...] = ()
    """Of that token: what an agent may do on the submitter's behalf is bounded by them."""
    attended: bool = True
    """Whether anybody answers a question; if not, what would be asked is denied."""
    digest: str
    """Of workflow, input and the budget asked for: a repeated submission must be the same one."""
    created_at: int
    """Milliseconds since the epoch."""
    budget: int = 0
    """Micro-dollars that it takes from its tenant's day."""
    status: Status = "running"
    ended_at: int | None = None
    execution: str = ""
    """ARN of the Step Functions execution; empty until it was started."""
    error: str = ""
    """Name of an error class when it failed."""
    message: str = ""
    sealed: str = ""
    """Name of the seal after which nothing was left to seal; empty while something may be."""
    erased_at: int | None = None
    """When its content was erased."""

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches of its journal: no workflow opens another yet."""
        return (MAIN,)


@frozen
class Page:
    """Some runs, newest first, and where to go on."""

    runs: tuple[Run, ...]
    next: str | None
    """An opaque cursor; None at the end."""


class Runs(Protocol):
    """Storage of run records. Nothing here crosses a tenant."""

    def create(self, run: Run) -> Run:
        """Store *run* unless its id is taken, and return what is stored under the id now."""
        ...

    def get(self, tenant: str, run: str) -> Run | None:
        """The record, read consistently; None when there is none."""
        ...

    def page(self, tenant: str, *, limit: int, cursor: str | None = None, status: str | None = None, submitter: str | None = None) -> Page:
        """At most *limit* runs, newest first. Raises InputRejected for a cursor this did not make."""
        ...

    def started(self, tenant: str, run: str, execution: str) -> None:
        """Note where the run executes; the first note stands. A run that was refused in the meantime is running after all."""
        ...

    def refuse(self, tenant: str, run: str, *, at: int, error: str, message: str) -> None:
        """Note that the run is not started, and why, unless it is or has ended."""
        ...

    def close(self, tenant: str, run: str, *, status: Status, ended_at: int, error: str = "", message: str = "") -> bool:
        """Note how the run ended; the first note stands, but for a refusal. True when this was it."""
        ...
