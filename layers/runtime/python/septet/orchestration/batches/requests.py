"""What a batch was asked to do: its run's request, read from its journal."""

from collections.abc import Mapping
from itertools import islice

from septet.core.entries import Request
from septet.core.errors import InputRejected
from septet.core.frozen import frozen
from septet.core.journal import Branch, Journal
from septet.core.money import microdollars
from septet.core.rows import Row
from septet.core.runs import Run, Runs

CONCURRENCY = 10
"""Rows that are worked on at once, when nothing else is asked for."""
UNFINISHED = frozenset({"running", "unfinished", "refused", "stopped"})
"""What a batch that is started again takes up: nobody has finished these rows."""
FAILED = frozenset({"failed", "timed_out"})
"""What it takes up besides when it was asked to."""


@frozen
class Batch:
    """One batch."""

    run: Run
    file: str
    workflow: str
    """The one that each row is given to."""
    concurrency: int
    budget: int | None
    """Micro-dollars for each row; None for what the tenant's runs usually get."""
    tolerated: float
    """Percent of the rows that may fail."""
    columns: Mapping[str, str]
    key: str
    """The column by which rows are told apart; empty for their numbers."""
    attended: bool
    again: bool
    """Whether rows that failed are done again when the batch is started again."""

    @property
    def branch(self) -> Branch:
        """Its journal."""
        return Branch(tenant=self.run.tenant, run=self.run.run)

    def left(self, row: Row) -> bool:
        """Whether *row*, which was begun, is still to be done."""
        return row.status in UNFINISHED or (self.again and row.status in FAILED)


def requested(tenant: str, run: str, *, runs: Runs, journal: Journal) -> Batch:
    """The batch that *run* is. Raises InputRejected when it is none."""
    record = runs.get(tenant, run)
    first = next(islice(journal.read(Branch(tenant=tenant, run=run)), 1), None)
    if record is None or first is None or not isinstance(first.body, Request):
        raise InputRejected(f"there is no batch {run}")
    given = first.body.input
    budget = given.get("row_budget")
    return Batch(
        run=record,
        file=given["file"],
        workflow=given["workflow"],
        concurrency=given.get("concurrency", CONCURRENCY),
        budget=_dollars(budget) if budget is not None else None,
        tolerated=given.get("tolerated_percent", 0),
        columns={one["field"]: one["column"] for one in given.get("columns", ())},
        key=given.get("key", ""),
        attended=given.get("attended", False),
        again=given.get("retry") == "failed",
    )


def _dollars(text: str) -> int:
    try:
        return microdollars(text)
    except ValueError as error:
        raise InputRejected(f"row_budget: {error}") from error
