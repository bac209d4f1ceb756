"""Reconciling stops: what a stop covers is aborted, again and again, until nothing of it runs and every journal says why.

Several may do so at once: every act can be repeated, and what one finds of a run is written only over what it has read of it
(``StopRecords.renew``). So no lease is needed, and one that was held up in the middle takes nothing back from those that went on.
"""

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import replace
from dataclasses import dataclass
from functools import partial

from septet.core.entries import Stop
from septet.core.errors import Fenced, RunStopped
from septet.core.happened import Effected
from septet.core.journal import MAIN, Branch, Clock, Head, Journal, Pen
from septet.core.ledger import Ledger, of_branch, of_run
from septet.core.runs import Run, Runs, outcome
from septet.core.seals import Heads, Unsealed
from septet.core.stopping import StopOrder, StoppedRun, StopRecords
from septet.core.waits import Wait, Waits
from septet.integration.marking import Marker
from septet.integration.ports import ExecutionState, Workflows
from septet.orchestration.following import Follower, follow
from septet.security.delivery import Executions

AT_ONCE = 8
"""Executions that are dealt with at the same time."""
STARTED_AFTER = 60_000
"""Milliseconds after which a run that is opened has been started, or will not be: more than a submission may take."""
PAUSE, LONGEST = 250, 4_000
"""Milliseconds between the first two looks at what still runs, which double, and the most between two."""
_ERROR = RunStopped.__name__
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reconciler:
    """What reconciling works with."""

    records: StopRecords
    ledger: Ledger
    runs: Runs
    waits: Waits
    workflows: Workflows
    executions: Executions
    journal: Journal
    heads: Heads
    effected: Effected
    unsealed: Unsealed
    followers: Sequence[Follower]
    clock: Clock
    pause: Callable[[int], None]
    at_once: int = AT_ONCE

    def reconcile(self, orders: Iterable[StopOrder], more: Callable[[], bool]) -> int:
        """Go on with *orders* until they are finished or there is no more time; how many are left. All of it can be repeated."""
        left, pause = list(orders), PAUSE
        while left := [order for order in left if not self._look(order, more)]:
            if not more():
                break
            self.pause(pause)
            pause = min(2 * pause, LONGEST)
        return len(left)

    def _look(self, order: StopOrder, more: Callable[[], bool]) -> bool:
        """One look at a stop; whether it is finished. One that fails keeps no other."""
        try:
            return self._go_on(order, more)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one stop, the others are other people's
            _log.warning("stop %s goes on later: %s", order.stop, _where(error))
            return False

    def _go_on(self, order: StopOrder, more: Callable[[], bool]) -> bool:
        order = self.records.get(order.tenant, order.stop) or order
        covered = self.records.covered(order.tenant, order.stop)
        if order.finished_at is not None and over(order, covered):
            return True
        known = [] if order.acknowledged_at is None else [(one.tenant, one.run) for one in covered]
        marker = Marker(ledger=self.ledger, runs=self.runs, records=self.records, clock=self.clock, at_once=self.at_once)
        if not marker.mark(order, more, known):
            return False
        self.records.acknowledged(order, self.clock())
        covered = self.records.covered(order.tenant, order.stop)
        if order.scope != "agent" and not self._end(order, more, [one for one in covered if not one.settled]):
            return False
        self.records.finished(order, self.clock())
        return over(order, self.records.covered(order.tenant, order.stop))  # somebody may have found one more in this moment

    def _end(self, order: StopOrder, more: Callable[[], bool], covered: Sequence[StoppedRun]) -> bool:
        """Abort all of *covered*, then see each to its end; whether all are settled. What can come later is done later, for all of them."""
        with ThreadPoolExecutor(self.at_once) as pool:
            for act in (self._abort, self._leave, self._fail, self._close, self._settle):
                covered = list(pool.map(partial(self._tried, act, order, more), covered))
        return all(one.settled for one in covered)

    def _tried(
        self, act: Callable[[StopOrder, StoppedRun], StoppedRun], order: StopOrder, more: Callable[[], bool], one: StoppedRun
    ) -> StoppedRun:
        """What *act* makes of *one*; *one* itself when it fails or there is no time for it, and the next look tries again."""
        if not more():
            return one
        try:
            return act(order, one)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one run, the others are to end
            _log.warning("%s of stop %s is left for the next look: %s", one.run, order.stop, _where(error))
            return one

    def _abort(self, order: StopOrder, one: StoppedRun) -> StoppedRun:
        if one.ended_at is not None:
            return one
        execution, started = one.execution, True
        if not execution:
            run = self.runs.get(one.tenant, one.run)
            if run is None:
                return one
            if not _present(one, run):  # that one had begun
                run = replace(run, attempt=one.attempt)
                run = replace(run, execution=self.workflows.execution(run.workflow, run.name))
            execution, started = run.execution or self.workflows.execution(run.workflow, run.name), bool(run.execution)
        self.workflows.stop(execution, error=_ERROR, cause=order.why)
        return one if one.execution else replace(one, execution=execution, state="running" if started else "starting")

    def _leave(self, order: StopOrder, one: StoppedRun) -> StoppedRun:
        """Have the record of *one* say that it has ended, and the list of what runs be without it, if its execution has ended."""
        run = self.runs.get(one.tenant, one.run) if one.ended_at is None and one.execution else None
        if run and _present(one, run) and (state := self.workflows.state(one.execution)) and state.status != "running":
            self._recorded(order, run, state)
            self.ledger.end(run.tenant, run.run, attempt=run.attempt)
        return one

    def _fail(self, order: StopOrder, one: StoppedRun) -> StoppedRun:
        """Write down what was found of *one*, and fail what it waits with, which is forgotten then."""
        if one.ended_at is not None or not one.execution:
            return one
        waits = self._waits(one)
        if waits and one.state == "running":
            one = replace(one, state="waiting")
        one = self.records.renew(order, one)
        self._refuse(order, one, waits)
        return one

    def _waits(self, one: StoppedRun) -> tuple[Wait, ...]:
        """What *one* waits with; nothing once it was restarted.

        Who waits is read before the record: a restart changes the record first, so its own attempt's tokens are not among them.
        """
        waits = self.waits.of(one.tenant, one.run)
        run = self.runs.get(one.tenant, one.run)
        return () if run and not _present(one, run) else waits

    def _refuse(self, order: StopOrder, one: StoppedRun, waits: Iterable[Wait]) -> None:
        """Fail what waits, and forget it."""
        for wait in waits:
            self.executions.fail(wait.token, error=_ERROR, cause=order.why)
            self.waits.drop(one.tenant, one.run, wait.what, wait.token)

    def _close(self, order: StopOrder, one: StoppedRun) -> StoppedRun:
        """*one* with its end, written down, if it has ended."""
        if one.ended_at is not None:
            return one
        run = self.runs.get(one.tenant, one.run)
        if run is None:
            return self._renewed(order, one, self._without_record(one))
        return self._renewed(order, one, self._ended(order, one, run)) if one.execution else one  # without: aborting it failed

    def _settle(self, order: StopOrder, one: StoppedRun) -> StoppedRun:
        """*one* with what it had spent and done, written down if that is something new, if it has ended."""
        run = self.runs.get(one.tenant, one.run) if one.ended_at is not None and not one.settled else None
        return self._renewed(order, one, self._written(order, one, run)) if run else one

    def _renewed(self, order: StopOrder, before: StoppedRun, after: StoppedRun) -> StoppedRun:
        return self.records.renew(order, after) if after != before else before

    def _without_record(self, one: StoppedRun) -> StoppedRun:
        """A run that was opened and whose record cannot be found starts nothing once its submission is over."""
        if self.clock() < one.since + STARTED_AFTER:
            return one
        self.ledger.close(one.tenant, one.run)
        return replace(one, ended_at=self.clock(), status="refused", settled=True)

    def _ended(self, order: StopOrder, one: StoppedRun, run: Run) -> StoppedRun:
        """*one* with its end, if it has ended: its record and its accounts are closed, and whoever waits for its end is told."""
        present = _present(one, run)
        state = self.workflows.state(one.execution)
        if state and state.status == "running":
            return one
        if state is None and run.status == "running" and present and not self._never(order, one, run):
            return one
        if present:
            run = self._closed(order, run, state)
            self._refuse(order, one, self._waits(one))
            if run.status == "running":  # whoever was late has started it after all: the next look aborts it
                return one
        if state is None and self.workflows.state(one.execution):  # somebody started it before they could see that it is over
            return one
        at = (state.ended_at if state else run.ended_at) or self.clock()
        return replace(one, ended_at=at, status=run.status if present else "stopped")

    def _never(self, order: StopOrder, one: StoppedRun, run: Run) -> bool:
        """Whether a run without an execution will have none: whoever was about to start it when the stop came is gone.

        Its record says that it was refused, or, where an execution was claimed for it, that it was stopped.
        """
        now = self.clock()
        if now < max(one.since, one.found_at) + STARTED_AFTER:
            return False
        if run.execution:
            self.runs.close(run.tenant, run.run, status="stopped", ended_at=now, error=_ERROR, message=order.why, attempt=run.attempt)
        else:
            self.runs.refuse(run.tenant, run.run, at=now, error=_ERROR, message=order.why)
        present = self.runs.get(run.tenant, run.run)
        return present is None or present.status != "running"

    def _closed(self, order: StopOrder, run: Run, state: ExecutionState | None) -> Run:
        """The run as it has ended, with its record and its accounts closed, and its followers told."""
        if state:
            self._recorded(order, run, state)
        self.ledger.close(run.tenant, run.run, attempt=run.attempt)
        ended = self.runs.get(run.tenant, run.run) or run
        follow(ended, self.followers)
        return ended

    def _recorded(self, order: StopOrder, run: Run, state: ExecutionState) -> None:
        """Have the run's record say how its execution has ended."""
        if run.status == "running":
            status, error, message = outcome(state.status, state.error, state.message, stopped=order.why)
            at = state.ended_at or self.clock()
            self.runs.close(run.tenant, run.run, status=status, ended_at=at, error=error, message=message, attempt=run.attempt)

    def _written(self, order: StopOrder, one: StoppedRun, run: Run) -> StoppedRun:
        """*one* with what it had spent and done; settled once nothing is under way, and its journal says that it was stopped."""
        effects = self.effected.of(run.tenant, run.run)
        spent, held = self._money(run)
        now = self.clock()
        quiet = not held and all(effect.happened or effect.deadline <= now for effect in effects)
        if quiet and one.status == "stopped" and _present(one, run):
            told = [self._tell(order, Branch(tenant=run.tenant, run=run.run, path=path), one) for path in run.branches]
            quiet = all(told)
        return replace(one, spent=spent, held=held, effects=effects, settled=quiet)

    def _money(self, run: Run) -> tuple[int, int]:
        """What the run has spent, and what is held for calls under way, by the accounts of the run and of its branches."""
        whole = self.ledger.account(run.tenant, of_run(run.run))
        found = [self.ledger.account(run.tenant, of_branch(run.run, path)) for path in run.branches]
        live = [account for account in found if account and not account.closed]
        spent = (whole.spent if whole else 0) + sum(account.spent for account in live)
        return spent, sum(sum(account.reservations.values()) for account in live)

    def _tell(self, order: StopOrder, branch: Branch, one: StoppedRun) -> bool:
        """Write that the run was stopped at the end of *branch*, unless that is there; whether it is now.

        Where the branch ends is looked at before the record: a restart changes the record first, and its entry would fence this one.
        """
        number, hash_ = self.heads.last(branch) or (-1, "")
        run = self.runs.get(branch.tenant, branch.run)
        if run is None or not _present(one, run):
            return True
        found = next(self.journal.read(branch, after=number - 1), None) if number >= 0 else None
        if isinstance(found and found.body, Stop) or (found is None and branch.path != MAIN):
            return True
        self.unsealed.again(branch.tenant, branch.run)
        with suppress(Fenced):
            head = Head(number=number + 1, hash=hash_)
            Pen(journal=self.journal, branch=branch, clock=self.clock, head=head).write(Stop(by=order.by, reason=order.reason))
            return True
        return False


def over(order: StopOrder, covered: Iterable[StoppedRun]) -> bool:
    """Whether nothing of a stop is left; with an agent's runs go on."""
    return order.scope == "agent" or all(one.settled for one in covered)


def _present(one: StoppedRun, run: Run) -> bool:
    """Whether the attempt that is stopped is the run's present one: it was not restarted since."""
    return one.attempt == run.attempt


def _where(error: Exception) -> str:
    """The class of *error* and the place it came from: its message may quote content."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, line {place.lineno} of {place.filename.rpartition('/')[2]}"
