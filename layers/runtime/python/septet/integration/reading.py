"""Reading runs: their records, what their journals show, and how their executions stand."""

from dataclasses import dataclass
from itertools import islice

from septet.core.entries import Entry
from septet.core.errors import InputRejected
from septet.core.journal import MAIN, Branch
from septet.core.runs import Run
from septet.integration.approving import open_at
from septet.integration.budgets import Share, history, share
from septet.integration.ending import settled
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong
from septet.integration.rights import AUDITORS, OVERSEERS, READERS, VERIFIERS, require, sees
from septet.observability.summary import Summary, summarise


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One run as it stands."""

    run: Run
    summary: Summary
    waiting: tuple[str, ...]
    """Approvals that a person can decide on now."""
    share: Share | None
    """What it may spend; None when it has no account."""

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches of its journal."""
        return self.run.branches

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
class Part:
    """Which entries are wanted."""

    after: int = -1
    """Only those with a higher number."""
    limit: int = 50
    branch: str = MAIN
    sealed: bool = False
    """As they are stored, with all that is needed to verify them."""


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
    run = settled(record(run_id, principal, ports), ports.runs, ports.workflows, ports.clock)
    summary = summarise(ports.journal.read(Branch(tenant=run.tenant, run=run.run)))
    waiting = [approval for approval in summary.waiting if _waits(approval, run, ports)]
    return Report(run=run, summary=summary, waiting=tuple(waiting), share=share(run, ports))


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


def excerpt(run_id: str, principal: Principal, ports: Ports, *, part: Part) -> Excerpt:
    """*part* of one of the run's branches. Raises Problem: ``NOT_FOUND``, and ``FORBIDDEN`` for who may not read entries as stored."""
    if part.sealed:
        require(principal, VERIFIERS, "read entries as they are stored")
    run = record(run_id, principal, ports)
    return entries(Branch(tenant=run.tenant, run=run.run, path=part.branch), ports, part)


def limits(principal: Principal, ports: Ports, *, part: Part) -> Excerpt:
    """*part* of the changes of the limits of the principal's tenant. Raises Problem ``FORBIDDEN``."""
    require(principal, AUDITORS, "read the history of limits")
    return entries(history(principal.tenant), ports, part)


def entries(branch: Branch, ports: Ports, part: Part) -> Excerpt:
    """*part* of a branch that the principal was found to be allowed to read."""
    limit = part.limit
    found = tuple(islice(ports.journal.read(branch, after=part.after), limit + 1))
    more = len(found) > limit
    return Excerpt(entries=found[:limit], next=found[limit - 1].number if more else None)


def _waits(approval: str, run: Run, ports: Ports) -> bool:
    found = ports.approvals.get(run.tenant, approval) if run.status == "running" else None
    return found is not None and open_at(found, ports.clock())


def _waiting_runs(runs: tuple[Run, ...], principal: Principal, ports: Ports) -> set[str]:
    running = {run.run for run in runs if run.status == "running"}
    if not running:
        return set()
    now = ports.clock()
    return running & {item.run for item in ports.approvals.listed(principal.tenant, status="pending") if open_at(item, now)}
