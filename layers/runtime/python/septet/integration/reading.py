"""Reading runs: their records, what their journals show, and how their executions stand."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from septet.core.entries import Entry
from septet.core.errors import InputRejected, StoreUnavailable
from septet.core.journal import MAIN, Branch
from septet.core.runs import Page, Run
from septet.integration import running
from septet.integration.approving import open_at, shown
from septet.integration.budgets import Share, history, share
from septet.integration.ending import settled
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, Wrong, invalid
from septet.integration.rights import AUDITORS, OVERSEERS, READERS, VERIFIERS, require, require_platform, sees
from septet.observability.overview import Summary, summarise

_OPEN = ("running", "waiting")
"""Statuses of what has not ended."""
_log = logging.getLogger(__name__)


class Find(Protocol):
    """Finds a page of records."""

    def __call__(self, principal: Principal, ports: Ports, *, limit: int, cursor: str | None) -> Page:
        """At most *limit* after *cursor*."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One run as it stands."""

    run: Run
    summary: Summary
    waiting: tuple[str, ...]
    """Approvals that a person can decide on now."""
    share: Share | None
    """What it may spend; None when it has no account."""
    flagged: tuple[str, ...]
    """In which ways it was found to be unusual."""

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
    flagged: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """By tenant and run, in which ways it was found to be unusual; empty where nobody looked that up."""


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
    return reported(run, tuple(ports.journal.read(Branch(tenant=run.tenant, run=run.run, path=path)) for path in run.branches), ports)


def reported(run: Run, branches: Iterable[Iterable[Entry]], ports: Ports) -> Report:
    """The *run* as it stands, of the entries of its *branches*, in their order."""
    main, *others = branches
    summary = summarise(main, dict(zip(run.paths, map(summarise, others), strict=True)))
    waiting = [approval for approval in summary.waiting if _waits(approval, run, ports)]
    return Report(run=run, summary=summary, waiting=tuple(waiting), share=share(run, ports), flagged=_flagged(run, ports))


def _flagged(run: Run, ports: Ports) -> tuple[str, ...]:
    """In which ways it was found to be unusual; nothing while that cannot be read: all else of a run is known without it."""
    try:
        projected = ports.summaries.get(run.tenant, run.run)
    except StoreUnavailable as error:
        _log.warning("whether a run was flagged cannot be read: %s", error)
        return ()
    return projected.flagged if projected else ()


def listing(
    principal: Principal, ports: Ports, *, limit: int, cursor: str | None = None, status: str | None = None, everybody: bool = False
) -> Listing:
    """At most *limit* runs that the principal sees. A page may hold fewer and still have a next one.

    With the status ``running``, all that have not ended, whoever they wait for: from the exact list of what runs, not from an index.
    *everybody* is for operators of the platform: every tenant's that have not ended; *status* narrows them.
    Raises Problem: ``FORBIDDEN`` without a role, ``NOT_FOUND`` for a cursor that leads nowhere, ``INVALID``.
    """
    require(principal, READERS, "list runs")
    if everybody:
        require_platform(principal, ports.platform_tenant, "list the runs of every tenant")
        if status not in (None, *_OPEN):
            raise invalid("everybody", f"lists what has not ended: status can be {' or '.join(_OPEN)}")
    try:
        find = running.everywhere if everybody else running.page if status in _OPEN else _indexed(status)
        page = find(principal, ports, limit=limit, cursor=cursor)
    except InputRejected as error:
        wrong = Wrong(field="cursor", message="is not one this API made: take it from next of the page before")
        raise Problem(Kind.NOT_FOUND, "there is no page at this cursor", wrong) from error
    waiting = _waiting_runs(page.runs, ports)
    shown = ((run, "waiting" if (run.tenant, run.run) in waiting else run.status) for run in page.runs)
    return Listing(runs=tuple((run, now) for run, now in shown if status in (None, now, run.status)), next=page.next)


def _indexed(status: str | None) -> Find:
    """Finds records that may be in the list by the index. Raises InputRejected for a cursor that is none."""

    def find(principal: Principal, ports: Ports, *, limit: int, cursor: str | None) -> Page:
        submitter = None if principal.roles & OVERSEERS else principal.subject
        return ports.runs.page(principal.tenant, limit=limit, cursor=cursor, status=status, submitter=submitter)

    return find


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
    found = ports.approvals.get(run.tenant, approval)
    return found is not None and open_at(shown(found, run), ports.clock())


def _waiting_runs(runs: tuple[Run, ...], ports: Ports) -> set[tuple[str, str]]:
    """Those of *runs* that wait for a person, by tenant and id."""
    open_ = {(run.tenant, run.run) for run in runs if run.status == "running" and not run.cancelled_by}
    now = ports.clock()
    asked = (item for tenant in {tenant for tenant, _ in open_} for item in ports.approvals.listed(tenant, status="pending"))
    return open_ & {(item.tenant, item.run) for item in asked if open_at(item, now)}
