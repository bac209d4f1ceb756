"""The tool gateway: the only way to a tool. One request carries all calls of one model reply."""

from septet.core.entries import Entry
from septet.core.errors import Fenced, InputRejected
from septet.core.frozen import frozen, maker
from septet.core.journal import Clock, Pen
from septet.core.ledger import Ledger, of_branch
from septet.core.runs import Runs
from septet.security.desk import Calls, Desk, House
from septet.security.effects import check_account
from septet.security.projection import Projections

SECONDS = 95
"""What one request may take: less than the function's time limit, so that what was done is told by the gateway itself."""
_desk = maker(Desk)


@frozen
class Gateway:
    """Validates, decides, performs and records. Whatever goes wrong inside denies."""

    house: House
    projections: Projections
    runs: Runs
    ledger: Ledger
    """Read only: an account says whether its branch was stopped."""
    clock: Clock

    def handle(self, calls: Calls) -> list[Entry]:
        """Make the calls and return the entries written, in order; the agent goes on after the last, and asks again for what has no result.

        Raises Fenced when the branch has gone on since, RunStopped when it was stopped or has ended, InputRejected when there is none.
        What is in the way of a single call is raised by a request that has nothing else to say: it has written nothing.
        """
        branch, until = calls.branch, self.clock() + SECONDS * 1000
        run = self.runs.get(branch.tenant, branch.run)
        if run is None:
            raise InputRejected(f"there is no run {branch.run}")
        # After a stop every call is refused, reads as well. For an effect, the write of its intent decides.
        check_account(branch, self.ledger.account(branch.tenant, of_branch(branch.run, branch.path)))
        known = self.projections.current(branch, run)
        if not known.ends_at(calls.head):
            raise Fenced(f"the branch has gone on to entry {known.head.number}, the agent is at {calls.head.number}")
        pen = Pen(
            journal=self.projections.journal,
            branch=branch,
            clock=self.clock,
            head=calls.head,
            agent=calls.agent,
            turn=calls.turn,
            bundle=calls.bundle,
        )
        written = _desk(house=self.house, calls=calls, pen=pen, known=known, run=run, until=until).work()
        self.projections.keep(branch, known)
        return written
