"""The tool gateway: the only way to a tool. One request carries all calls of one model reply."""

from septet.core.entries import Entry, Note
from septet.core.errors import Fenced, InputRejected, RunCancelled
from septet.core.frozen import frozen, maker
from septet.core.journal import MAIN, Branch, Clock, Pen
from septet.core.ledger import BranchLedger, of_branch
from septet.core.runs import Run, Runs
from septet.security.desk import Calls, Desk, House
from septet.security.effects import check_account
from septet.security.projection import Projection, Projections
from septet.security.undoing import TURN, Undoer, Undone, deeds, tried

SECONDS = 95
"""What one request may take: less than the function's time limit, so that what was done is told by the gateway itself."""
_desk = maker(Desk)


@frozen
class Gateway:
    """Validates, decides, performs and records. Whatever goes wrong inside denies."""

    house: House
    projections: Projections
    runs: Runs
    ledger: BranchLedger
    """Read only: an account says whether its branch was stopped."""
    clock: Clock

    def handle(self, calls: Calls) -> list[Entry]:
        """Make the calls and return the entries written, in order; the agent goes on after the last, and asks again for what has no result.

        Raises Fenced when the branch has gone on since, RunStopped when it was stopped or has ended, AgentStopped when the agent is
        halted in it, RunCancelled when the run is cancelled and something is to be done that is no reading, InputRejected when
        there is none.
        What is in the way of a single call is raised by a request that has nothing else to say: it has written nothing.
        """
        branch, until = calls.branch, self.clock() + SECONDS * 1000
        run = self._run(branch)
        # After a stop every call is refused, reads as well. For an effect, the write of its intent decides.
        check_account(branch, self.ledger.account(branch.tenant, of_branch(branch.run, branch.path)), calls.agent)
        if run.cancelled_by and not all(self._reads(call.tool) for call in calls.calls):
            raise RunCancelled(f"{run.cancelled_by} had the run cancelled: nothing more is done")
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

    def undo(self, tenant: str, run: str) -> Undone:
        """Undo what the run did, as far as time goes, and write all of it into its branch ``main``. Asked again, it goes on.

        Raises Fenced when the branch goes on meanwhile, RunStopped when the run was stopped or has ended, InputRejected for no run.
        """
        branch, until = Branch(tenant=tenant, run=run), self.clock() + SECONDS * 1000
        record, journal = self._run(branch), self.projections.journal
        check_account(branch, self.ledger.account(tenant, of_branch(run, MAIN)))
        known = self.projections.current(branch, record)
        pen = Pen(journal=journal, branch=branch, clock=self.clock, head=known.head, turn=TURN)
        entries = {path: list(journal.read(Branch(tenant=tenant, run=run, path=path))) for path in record.branches}
        self._told(record, entries[MAIN], pen, known)
        undoer = Undoer(house=self.house, run=record, branch=branch, pen=pen, known=known, until=until)
        done = undoer.work(deeds(entries), tried(entries[MAIN]))
        self.projections.keep(branch, known)
        return done

    def _told(self, run: Run, entries: list[Entry], pen: Pen, known: Projection) -> None:
        """Write who had the run cancelled, if somebody had and it is not written."""
        if run.cancelled_by and not any(entry.turn == TURN and isinstance(entry.body, Note) for entry in entries):
            known.take(pen.write(Note(kind="cancelled", text=f"{run.cancelled_by}: {run.cancel_reason}")))

    def _run(self, branch: Branch) -> Run:
        run = self.runs.get(branch.tenant, branch.run)
        if run is None:
            raise InputRejected(f"there is no run {branch.run}")
        return run

    def _reads(self, tool: str) -> bool:
        manifest = self.house.manifests.get(tool)
        return manifest is None or manifest.reads
