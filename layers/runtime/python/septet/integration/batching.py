"""A batch as people see it: its counts while it runs, its rows, its results once they are written."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from septet.core.entries import Answer
from septet.core.journal import Branch
from septet.core.rows import Row
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.integration.reading import record

PAGE = 5_000
"""Rows that are read at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchReport:
    """How a batch stands."""

    rows: int
    """All rows of its file; 0 before that was read."""
    tolerated: int
    counts: Mapping[str, int]
    """Rows that were begun or rejected, by status."""
    files: Mapping[str, str]
    """Ids of the files with its results, by their names; empty before they are written."""
    page: tuple[Row, ...]
    next: int | None
    """The row to go on after; None at the end."""


def report(run: str, principal: Principal, ports: Ports, *, after: int = 0, limit: int = 50, status: str | None = None) -> BatchReport:
    """The batch, and at most *limit* of its rows from behind *after* on, those with *status* where one is given.

    Raises Problem ``NOT_FOUND`` for a run that there is not, that is none of the principal's business, or that is no batch.
    """
    tenant = record(run, principal, ports).tenant
    plan = ports.rows.plan(tenant, run)
    if plan is None:
        raise Problem(Kind.NOT_FOUND, f"the run {run} is no batch, or has not read its file yet")
    counts: Counter[str] = Counter()
    wanted: list[Row] = []
    last = 0
    while found := ports.rows.read(tenant, run, after=last, limit=PAGE):
        counts.update(row.status for row in found)
        wanted += [row for row in found if row.number > after and status in (None, row.status)][: limit + 1 - len(wanted)]
        last = found[-1].number
    page = tuple(wanted[:limit])
    return BatchReport(
        rows=plan.rows,
        tolerated=plan.tolerated,
        counts=counts,
        files=_results(Branch(tenant=tenant, run=run), ports),
        page=page,
        next=page[-1].number if len(wanted) > limit else None,
    )


def _results(branch: Branch, ports: Ports) -> Mapping[str, str]:
    answers = [entry.body.value for entry in ports.journal.read(branch) if isinstance(entry.body, Answer)]
    found: Mapping[str, str] = answers[-1].get("files", {}) if answers and isinstance(answers[-1], dict) else {}
    return found
