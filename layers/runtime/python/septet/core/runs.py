"""The record of a run that stands beside its journal: who started it, where it executes, how it ended."""

from collections.abc import Collection
from typing import Literal, Protocol

from septet.core.errors import RunStopped
from septet.core.frozen import frozen
from septet.core.journal import MAIN

Status = Literal["running", "succeeded", "failed", "stopped", "timed_out", "refused"]
"""``refused`` never started: for want of money, because of a stop, or the submission broke off. Submitted again with its key, it may be.

``waiting`` is no status of the record: whether a person is being waited for is read from the journal."""

ENDED: dict[str, Status] = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "timed_out", "ABORTED": "stopped"}
"""A run's status by its execution's, as Step Functions names them."""


def outcome(status: Status, error: str, message: str, *, stopped: str = "") -> tuple[Status, str, str]:
    """Status, error and message for the record of a run whose execution ended so; *stopped* says who stopped the run and why, if anybody.

    What did not succeed after a stop was stopped, whether its execution was aborted or met the stop by itself.
    """
    if status == "succeeded" or not (stopped or error == RunStopped.__name__):
        return status, error, message
    other = "" if error in ("", RunStopped.__name__) else f"; its execution ended in {error}"
    return "stopped", RunStopped.__name__, f"{stopped}{other}" if stopped else message


RESTARTABLE: tuple[Status, ...] = ("failed", "stopped", "timed_out")
"""Statuses of runs that can go on."""


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
    paths: tuple[str, ...] = ()
    """Branches of its journal besides ``main``: those of agents that work in parallel."""
    attempt: int = 0
    """How often it was restarted after it had ended."""
    restarted_at: int | None = None
    """When it was restarted last, in milliseconds since the epoch."""
    parent: str = ""
    """The run that started this one, as a batch starts one for each row."""
    row: int = 0
    """Which row of its parent's file it works on, from 1."""
    origin: str = ""
    """The run that this one was forked from, or whose row of a batch it does again, and that one's origin first.

    Effects that happened there count as done here.
    """
    forked_by: str = ""
    """Who forked it: it is theirs as much as its submitter's when people are to decide about it."""
    session: str = ""
    """The session that it belongs to."""
    cancelled_by: str = ""
    """Who had it cancelled: it undoes what it did and ends. Empty when nobody has."""
    cancel_reason: str = ""
    claimed: int = -1
    """The latest attempt that somebody has claimed, to start its execution."""
    kept: bool = False
    """Its workflow has ended its work and keeps what it did: nobody can have it cancelled any more, until it is restarted."""
    trace: str = ""
    """As its request has it: what is left of it where the content was erased."""
    link: str = ""
    """Where in which trace the run stands that this one comes from, its origin or its parent; the same form, empty where there is none."""
    copied: tuple[tuple[str, int], ...] = ()
    """Of a fork: each branch that it has from its origin, and how many entries it took over."""
    stopped: str = ""
    """Who stopped its present attempt and why: it is not let in any more. Empty when nobody has, and again once it is restarted."""

    @property
    def lineage(self) -> str:
        """The run under which its effects are recorded: its origin, or itself."""
        return self.origin or self.run

    @property
    def branches(self) -> tuple[str, ...]:
        """Every branch of its journal."""
        return (MAIN, *self.paths)

    @property
    def admitted(self) -> bool:
        """Whether its present attempt goes ahead: the first does, another once it is claimed; until then its restart may be refused."""
        return self.attempt in (0, self.claimed)

    @property
    def name(self) -> str:
        """What its present execution is named."""
        return f"{self.run}.{self.attempt}" if self.attempt else self.run


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

    def claim(self, tenant: str, run: str, execution: str, *, attempt: int = 0) -> bool:
        """Note where *attempt* of the run is about to execute. False when it was refused, has ended or is another: then it stays."""
        ...

    def restart(self, tenant: str, run: str, *, attempt: int, at: int, execution: str) -> bool:
        """Note that a run that ended without success runs again in *execution*, as *attempt*, one more than it had. False otherwise."""
        ...

    def part(self, tenant: str, run: str, paths: Collection[str]) -> None:
        """Note branches of the run's journal besides ``main``, before the first entry of each is written. Noting one again is the same."""
        ...

    def refuse(self, tenant: str, run: str, *, at: int, error: str, message: str) -> None:
        """Note that the run is not started, and why, unless it is or has ended."""
        ...

    def cancel(self, tenant: str, run: str, *, by: str, reason: str) -> Run | None:
        """Note that a running run is to undo what it did, and return its record; the first note stands.

        None when it is not running, keeps what it did, or is being restarted and nobody has claimed that attempt: if it is refused, nothing
        would run that undoes. Of this and ``take_back``, whichever is written first.
        """
        ...

    def keep(self, tenant: str, run: str, *, attempt: int) -> bool:
        """Note that what the run did is kept if *attempt* of it is running, unless it is cancelled: of the two, the first stands.

        One that was refused is running after all: whoever asks is its execution, and whoever started that has not said so yet.
        True when nobody has cancelled it.
        """
        ...

    def stop(self, tenant: str, run: str, *, attempt: int, why: str) -> None:
        """Note who stopped *attempt* of the run and why, unless that is over or not the present one; the first note stands."""
        ...

    def close(
        self, tenant: str, run: str, *, status: Status, ended_at: int, error: str = "", message: str = "", attempt: int | None = None
    ) -> bool:
        """Note how the run ended; the first note stands, but for a refusal. True when this was it.

        Whoever knows which *attempt* has ended says so: nothing is noted of another. None for whichever is the present one.
        """
        ...

    def take_back(self, run: Run, *, attempt: int) -> bool:
        """Let the record say again how the run had ended before *attempt*, as *run* has it. False when somebody has claimed the attempt."""
        ...
