"""The sweeper: settles what a worker that is gone left reserved, and closes the accounts of runs that have ended."""

import logging
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from septet.core.entries import LOST, Damaged, ModelCall, ModelFailed
from septet.core.journal import Branch, Clock, Journal, Pen, after
from septet.core.ledger import LOOK_AFTER, Account, Ledger, of_run
from septet.core.runs import Runs
from septet.core.seals import Unsealed
from septet.integration.ending import settled
from septet.integration.ports import Workflows
from septet.orchestration.following import Follower, follow

AT_ONCE = 100
"""Accounts that one sweep looks at; the next one goes on."""
AGAIN_AFTER = 60_000
"""Milliseconds for which an account that could not be dealt with is put off: the next sweep has it, behind those that are due by then."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """What a sweep did."""

    settled: int = 0
    """Branches whose reservations were charged or released."""
    closed: int = 0
    """Runs whose accounts were closed."""
    failed: int = 0
    """Accounts that could not be dealt with now; the next sweep tries again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sweeper:
    """What a sweep works with."""

    ledger: Ledger
    journal: Journal
    runs: Runs
    unsealed: Unsealed
    workflows: Workflows
    clock: Clock
    followers: Sequence[Follower] = ()
    """Those that wait for the end of a run, and may not have been told."""

    def sweep(self) -> Swept:
        """Look at every account whose time has come."""
        settled, closed, failed = 0, 0, 0
        for branch, account in self.ledger.lapsed(now=self.clock(), limit=AT_ONCE):
            try:
                if account.name == of_run(branch.run):
                    closed += self._finish(branch)
                else:
                    self._settle(branch, account)
                    settled += 1
                    closed += account.ended and self.ledger.close(branch.tenant, branch.run, attempt=account.attempt)
            except Exception as error:  # noqa: BLE001 -- whatever is wrong with one account, the others are another tenant's money
                where = traceback.extract_tb(error.__traceback__)[-1]
                what = f"{type(error).__name__} in {where.name}, line {where.lineno} of {where.filename.rpartition('/')[2]}"
                _log.warning("%s of %s is left for the next sweep: %s", account.name, account.tenant, what)
                self._put_off(account)
                failed += 1
        return Swept(settled=settled, closed=closed, failed=failed)

    def _put_off(self, account: Account) -> None:
        """Let others come first the next time: so many that fail cannot keep the rest waiting for ever."""
        with suppress(Exception):  # it stays where it is, and is counted as failed
            self.ledger.put_off(account, at=self.clock() + AGAIN_AFTER)

    def _settle(self, branch: Branch, account: Account) -> None:
        """Charge what became of each reservation. Nothing, if somebody has gone on with the branch in between."""
        costs = {entry: self._cost(branch, entry, held) for entry, held in account.reservations.items()}
        self.ledger.settle(branch, costs, lapsed=account.until)

    def _cost(self, branch: Branch, entry: int, held: int) -> int:
        """What the call of *entry* cost, by the journal; all that is *held* for it where the journal was damaged.

        Nothing, when there is no such call; what its reply says; and all that was reserved when there is no reply: it may have been sent.
        That is written into the journal first, so the journal's costs and the ledger's are the same sum. Raises Fenced when somebody goes
        on with the branch at this moment.
        """
        found = list(islice(self.journal.read(branch, after=entry - 1), 2))
        if any(isinstance(one.body, Damaged) for one in found):
            return held
        if not found or not isinstance(call := found[0].body, ModelCall):
            return 0
        if len(found) > 1:
            return found[1].cost
        self.unsealed.again(branch.tenant, branch.run)
        pen = Pen(
            journal=self.journal,
            branch=branch,
            clock=self.clock,
            head=after(found),
            agent=found[0].agent,
            turn=found[0].turn,
            bundle=found[0].bundle,
        )
        lost = ModelFailed(model=call.model, error=LOST, message="whoever made the call was gone before its reply was written")
        return pen.write(lost, cost=call.reserved).cost

    def _finish(self, branch: Branch) -> bool:
        """Close the accounts of a run that has ended, once all that follows its end is done; look again later at one that has not."""
        run = self.runs.get(branch.tenant, branch.run)
        ended = settled(run, self.runs, self.workflows, self.clock) if run else None
        if ended and ended.status == "running":
            self.ledger.look_again(branch.tenant, branch.run, at=self.clock() + LOOK_AFTER)
            return False
        if ended:
            follow(ended, self.followers)
        return self.ledger.close(branch.tenant, branch.run, attempt=ended.attempt if ended else None)
