"""One row of a batch: a run of the batch's workflow is submitted for it, and the map's child waits until that run has ended.

The run's id follows from the batch and the row, so a row has one run however often this is done. The token is noted before the run's state
is looked at, and a run's end is noted before tokens are looked for: of two at once, one sees the other.
"""

import json
from collections.abc import Callable
from copy import replace
from typing import Any

from septet.core.errors import BudgetExhausted, InputRejected, RunStopped, SeptetError, StoreUnavailable
from septet.core.frozen import frozen
from septet.core.rows import Row, Rows
from septet.core.runs import Run
from septet.core.traces import within
from septet.core.waits import Waits, for_row
from septet.integration import run_ids
from septet.integration.ending import settled
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.integration.submitting import Submission, submit
from septet.orchestration.batches import places
from septet.orchestration.batches.requests import Batch
from septet.orchestration.waiting import wait
from septet.security.delivery import Executions


@frozen
class Task:
    """What a map's child is given."""

    number: int
    start: int
    """Where the row is in the batch's inputs, in bytes."""
    end: int
    token: str
    """With which the child waits."""


@frozen
class Ended:
    """Tells a batch that the run of one of its rows has ended. A follower: done again, it changes nothing."""

    rows: Rows
    waits: Waits
    executions: Executions

    def __call__(self, run: Run) -> None:
        """Note what became of the row of *run*, if it is of one, and let the child that waits for it go on."""
        if not run.parent or not run.row or run.status == "running":
            return
        self.rows.settle(run.tenant, run.parent, Row(number=run.row, run=run.run, status=run.status, error=run.error, origin=run.origin))
        what = for_row(run.run)
        token = self.waits.find(run.tenant, run.parent, what)
        if token:
            self.executions.wake(token, {})
            self.waits.drop(run.tenant, run.parent, what, token)


@frozen
class Working:
    """What the step works with."""

    ports: Ports
    ended: Callable[[Run], None]

    def work(self, batch: Batch, task: Task) -> None:
        """Have the row done. Its child goes on when the run has ended, also when that was long ago.

        Raises Overloaded and BudgetExhausted, which may pass, InputRejected, and RunStopped when the batch or the tenant is stopped.
        """
        tenant, parent = batch.run.tenant, batch.run.run
        given = json.loads(self.ports.contents.part(tenant, places.inputs(parent), task.start, task.end))
        row = self._row(batch, task.number, given["key"])
        child = row.run
        if self.ports.rows.begin(tenant, parent, row).status == "refused":
            self.ports.rows.settle(tenant, parent, row)
        wait(batch.branch, for_row(child), task.token, waits=self.ports.waits, ledger=self.ports.ledger)
        try:
            run = _submitted(batch, Submitted(row=row, input=given["input"]), self.ports)
        except SeptetError as error:
            self.ports.rows.settle(tenant, parent, replace(row, status="refused", error=type(error).__name__))
            raise
        run = settled(run, self.ports.runs, self.ports.workflows, self.ports.clock)
        if run.status != "running":
            self.ended(run)

    def _row(self, batch: Batch, number: int, key: str) -> Row:
        """The row with the run that works on it: the one that does, unless it ended in a way that is to be done again.

        Then it is one of this attempt, which acts under the name of the row's first, so that no effect of the row is made twice.
        How it ended is read from its own record: who notes it at the row may not have come to that.
        """
        tenant, parent = batch.run.tenant, batch.run.run
        held = next(iter(self.ports.rows.read(tenant, parent, after=number - 1, limit=1)), None)
        if held and held.number == number and held.run:
            record = self.ports.runs.get(tenant, held.run)
            status = record.status if record else "running"
            if status in ("running", "refused") or not batch.left(replace(held, status=status)):
                return Row(number=number, run=held.run, origin=held.origin)
        said = f"row {parent} {batch.run.attempt} {key}"  # with spaces: no idempotency key has any
        run = run_ids.keyed(_principal(batch), said, self.ports.id_keys()[0])
        return Row(number=number, run=run, origin=held.origin or held.run if held and held.number == number else "")


@frozen
class Submitted:
    """One row as it is submitted."""

    row: Row
    input: Any


def _principal(batch: Batch) -> Principal:
    """Who submitted the batch: a row may do what they may, and no more."""
    return Principal(tenant=batch.run.tenant, subject=batch.run.submitter, roles=frozenset(batch.run.roles))


def _submitted(batch: Batch, wanted: Submitted, ports: Ports) -> Run:
    """The run of the row, submitted if it was not. Raises a SeptetError where it is refused."""
    submission = Submission(
        workflow=batch.workflow,
        input=wanted.input,
        budget=batch.budget,
        attended=batch.attended,
        run=wanted.row.run,
        parent=batch.run.run,
        row=wanted.row.number,
        origin=wanted.row.origin,
        link=within(batch.run.trace, batch.run.tenant, batch.run.run, batch.run.attempt),
    )
    try:
        return submit(submission, _principal(batch), ports)
    except Problem as problem:
        raise _error(problem) from problem


def _error(problem: Problem) -> SeptetError:
    """The class of what a submission was refused for: the one that the API turned into a problem, or the one that the problem means."""
    if isinstance(problem.__cause__, SeptetError):
        return problem.__cause__
    kinds: dict[Kind, type[SeptetError]] = {Kind.EXHAUSTED: BudgetExhausted, Kind.CONFLICT: RunStopped, Kind.UNAVAILABLE: StoreUnavailable}
    return kinds.get(problem.kind, InputRejected)(problem.detail)
