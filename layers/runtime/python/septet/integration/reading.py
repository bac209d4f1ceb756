"""Reading runs: their records, what their journals show, and how their executions stand."""

import logging
from dataclasses import dataclass
from itertools import islice

from septet.core.entries import Entry
from septet.core.errors import InputRejected
from septet.core.journal import Branch
from septet.core.runs import Run
from septet.integration.approving import open_at
from septet.integration.ports import ExecutionState, Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong
from septet.integration.rights import OVERSEERS, READERS, require, sees
from septet.observability.summary import Summary, summarise

SETTLED_AFTER = 15 * 60 * 1000
"""Milliseconds after which a run that has no execution will not get one: far above what a submission may take."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One run as it stands."""

    run: Run
    summary: Summary
    waiting: tuple[str, ...]
    """Approvals that a person can decide on now."""

    @property
    def status(self) -> str:
        """The record's, or ``waiting`` for a person."""
        return "waiting" if self.waiting else self.run.status


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Some runs with their statuses, newest first."""

    runs: tuple[tuple[Run, str], ...]
    next: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Excerpt:
    """Some entries of a run's journal."""

    entries: tuple[Entry, ...]
    next: int | None
    """The number to go on after; None when there is no more now."""


def record(run_id: str, principal: Principal, ports: Ports) -> Run:
    """The record. Raises Problem ``NOT_FOUND`` also for a run that is none of the principal's business."""
    run = ports.runs.get(principal.tenant, run_id)
    if run is None or not sees(principal, run):
        raise Problem(Kind.NOT_FOUND, f"there is no run {run_id}")
    return run


def report(run_id: str, principal: Principal, ports: Ports) -> Report:
    """The run as it stands; a record whose execution has ended is closed on the way."""
    run = _settled(record(run_id, principal, ports), ports)
    summary = summarise(ports.journal.read(Branch(tenant=run.tenant, run=run.run)))
    waiting = [approval for approval in summary.waiting if _waits(approval, run, ports)]
    return Report(run=run, summary=summary, waiting=tuple(waiting))


def listing(principal: Principal, ports: Ports, *, limit: int, cursor: str | None = None, status: str | None = None) -> Listing:
    """At most *limit* runs that the principal sees. A page may hold fewer and still have a next one.

    Raises Problem: ``FORBIDDEN`` without a role, ``NOT_FOUND`` for a cursor that leads nowhere.
    """
    require(principal, READERS, "list runs")
    submitter = None if principal.roles & OVERSEERS else principal.subject
    stored = "running" if status == "waiting" else status
    try:
        page = ports.runs.page(principal.tenant, limit=limit, cursor=cursor, status=stored, submitter=submitter)
    except InputRejected as error:
        wrong = Wrong(field="cursor", message="is not one this API made: take it from next of the page before")
        raise Problem(Kind.NOT_FOUND, "there is no page at this cursor", wrong) from error
    waiting = _waiting_runs(page.runs, principal, ports)
    shown = ((run, "waiting" if run.run in waiting else run.status) for run in page.runs)
    return Listing(runs=tuple(pair for pair in shown if status in (None, pair[1])), next=page.next)


def excerpt(run_id: str, principal: Principal, ports: Ports, *, after: int, limit: int) -> Excerpt:
    """At most *limit* entries of the run's main branch with a number above *after*."""
    run = record(run_id, principal, ports)
    entries = tuple(islice(ports.journal.read(Branch(tenant=run.tenant, run=run.run), after=after), limit + 1))
    more = len(entries) > limit
    return Excerpt(entries=entries[:limit], next=entries[limit - 1].number if more else None)


def _waits(approval: str, run: Run, ports: Ports) -> bool:
    found = ports.approvals.get(run.tenant, approval) if run.status == "running" else None
    return found is not None and open_at(found, ports.clock())


def _waiting_runs(runs: tuple[Run, ...], principal: Principal, ports: Ports) -> set[str]:
    running = {run.run for run in runs if run.status == "running"}
    if not running:
        return set()
    now = ports.clock()
    return running & {item.run for item in ports.approvals.listed(principal.tenant, status="pending") if open_at(item, now)}


def _settled(run: Run, ports: Ports) -> Run:
    """*run*, closed when its execution has ended and the event that should have closed it was lost."""
    end = _end(run, ports) if run.status == "running" else None
    if end is None or end.status == "running":
        return run
    ended_at = ports.clock() if end.ended_at is None else end.ended_at
    ports.runs.close(run.tenant, run.run, status=end.status, ended_at=ended_at, error=end.error, message=end.message)
    return ports.runs.get(run.tenant, run.run) or run


def _end(run: Run, ports: Ports) -> ExecutionState | None:
    """How the execution stands; None when that cannot be told now. One that a broken submission did not note is noted."""
    execution = run.execution or ports.workflows.execution(run.workflow, run.run)
    try:
        state = ports.workflows.state(execution)
        if state and not run.execution:
            ports.runs.started(run.tenant, run.run, execution)
    except Exception as error:  # noqa: BLE001 -- whatever keeps Step Functions from answering, the record and the journal can still be read
        _log.warning("state of run %s is not known: %s", run.run, type(error).__name__)
        return None
    if state is None and ports.clock() - run.created_at > SETTLED_AFTER:
        message = "the execution is gone" if run.execution else "the submission broke off before the run was started; submit it again"
        return ExecutionState(status="failed", error="ExecutionLost" if run.execution else "NotStarted", message=message)
    return state
