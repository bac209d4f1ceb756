"""Letting a run in: its share of what may run, its money, and no stop in its way; and starting its execution, unless a stop was faster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from septet.core.accounting import spendable
from septet.core.errors import RunStopped
from septet.core.journal import Branch
from septet.core.ledger import of_run
from septet.core.traces import within
from septet.integration.admission import allowed

if TYPE_CHECKING:
    from septet.core.journal import Clock
    from septet.core.ledger import Ledger
    from septet.core.runs import Run, Runs
    from septet.core.stops import Standing, Stops
    from septet.integration.ports import Workflows


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What decides whether a run may begin. Whatever is refused has taken nothing, and can be tried again."""

    ledger: Ledger
    runs: Runs
    stops: Stops
    capacity: int
    """How many runs the platform has open at once."""
    clock: Clock

    def admit(self, run: Run) -> None:
        """Open the run's accounts, and list it as running. A run that was let in before is let in.

        Raises BudgetExhausted when its tenant's day has too little left, Overloaded when too much runs, RunStopped when its tenant, the
        platform or the run itself is stopped.
        """
        self._stops(run)
        opened = self.ledger.open(
            _main(run), run.budget, now=self.clock(), workflow=run.workflow, parent=run.parent, allowed=self._allowed(run)
        )
        self._heed(run, opened=opened)

    def readmit(self, run: Run, budget: int) -> None:
        """Open the accounts of a run that has ended once more, with *budget*. Raises as ``admit`` does.

        Also StoreUnavailable while a call of its may still be under way, and InputRejected when it has no accounts.
        """
        self._stops(run)
        self.ledger.close(run.tenant, run.run, attempt=run.attempt - 1)  # nobody may have done so, and a stop of then is over
        opened = self.ledger.reopen(
            _main(run),
            budget,
            now=self.clock(),
            workflow=run.workflow,
            parent=run.parent,
            allowed=self._allowed(run),
            attempt=run.attempt,
        )
        self._heed(run, opened=opened)

    def launch(self, run: Run, workflows: Workflows) -> str:
        """Start the execution of a run that was let in, and return its ARN; one of its name is there once, however often it is started.

        Whoever ends a run that has no execution closes its accounts and then looks for one; this starts it and then looks at the run. So of
        two at once one sees the other, and none is left running: one that was overtaken is aborted here. Raises RunStopped for such a one.
        """
        given = {"tenant": run.tenant, "run": run.run, "workflow": run.workflow}
        trace = within(run.trace, run.tenant, run.run, run.attempt)
        execution = workflows.start(run.workflow, run.name, given, trace=trace)
        try:
            self.heed(run)
        except RunStopped as error:
            state = workflows.state(execution)
            if state is None or state.status == "running":  # otherwise it has ended by itself, and that is why the run is over
                workflows.stop(execution, error=RunStopped.__name__, cause=str(error), alone=True)
                raise
        return execution

    def heed(self, run: Run) -> None:
        """Raise RunStopped when the present attempt of *run* is stopped or over, or the run that it is for is stopped."""
        record = self.runs.get(run.tenant, run.run)
        if record and record.attempt != run.attempt:  # the accounts are that one's
            raise RunStopped(f"attempt {run.attempt} of the run is over: it is at attempt {record.attempt}")
        self._spendable(run, record)

    def _allowed(self, run: Run) -> int:
        return allowed(run.tenant, self.ledger.tenants(), self.capacity)

    def _heed(self, run: Run, *, opened: bool) -> None:
        """Look at the stops once the run is listed. Whoever stops lists what runs after putting the stop: one of the two sees the other.

        Accounts that somebody else has *opened* stay open: the run may be live, and a stop that comes has to find it in the list.
        """
        try:
            for stop in self._stops(run):
                self.ledger.halt(run.tenant, run.run, stop.name, stop.why, attempt=run.attempt)
            self._spendable(run, self.runs.get(run.tenant, run.run))
        except RunStopped:
            if opened:
                self.ledger.close(run.tenant, run.run, attempt=run.attempt)
            raise

    def _spendable(self, run: Run, record: Run | None) -> None:
        """Raise RunStopped when the run is stopped or has ended, or the one that it is for is stopped."""
        above = self.ledger.account(run.tenant, of_run(run.parent)) if run.parent else None
        if above and above.stopped:
            raise RunStopped(f"the run that it is for is stopped: {above.stopped}")
        if record and record.stopped:
            raise RunStopped(record.stopped)
        if account := self.ledger.account(run.tenant, of_run(run.run)):
            spendable(account)

    def _stops(self, run: Run) -> list[Standing]:
        """The stops of agents that concern the run. Raises RunStopped when its tenant or the platform is stopped."""
        stops = self.stops.of(run.tenant)
        for stop in stops:
            if stop.scope != "agent":
                raise RunStopped(stop.why)
        return [stop for stop in stops if stop.scope == "agent"]


def _main(run: Run) -> Branch:
    return Branch(tenant=run.tenant, run=run.run)
