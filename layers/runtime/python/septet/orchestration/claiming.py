"""The first good answer: a branch says in ``main`` that it has one, the first to say so wins, and the others are stopped.

Whoever comes stops the others again, so a step that broke off between saying and stopping is completed by whoever comes next.
"""

from collections.abc import Mapping, Sequence

from septet.core.entries import Body, Routed
from septet.core.errors import InputRejected, RunStopped
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock, Journal
from septet.core.ledger import Ledger, of_branch
from septet.core.waits import Waits, for_approval
from septet.observability.overview import summarise
from septet.orchestration.ends import Ended, Ends, Sought, candidates, paths
from septet.orchestration.mainline import FIRST, Mainline, claimant, claimed, winner
from septet.orchestration.resolving.candidates import SURE
from septet.security.delivery import Executions


@frozen
class Claiming:
    """What a branch claims, and when its answer is good."""

    step: str
    """Of the parting."""
    branch: str
    sought: Sought
    least: float = 0.0
    """How sure its agent must be, from 0 to 1."""

    def __post_init__(self) -> None:
        for name in ("step", "branch"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise InputRejected(f"{name} must be a text; the event of claim is {{tenant, run, step, branch, field, least}}")
        if isinstance(self.least, bool) or not isinstance(self.least, int | float) or not 0 <= self.least <= 1:
            raise InputRejected("least must be a number from 0 to 1")


@frozen
class Claimed:
    """What came of it."""

    won: bool
    good: bool
    """Whether the answer is one that could have won."""


@frozen
class Claimer:
    """What is read and written."""

    journal: Journal
    ledger: Ledger
    ends: Ends
    waits: Waits
    executions: Executions
    clock: Clock

    def claim(self, main: Branch, claiming: Claiming) -> Claimed:
        """Win if the branch's answer is good and no other has won; stop all others once one has. Asked again, the same.

        An answer is good when its turn ended well (it fits the agent's schema and passes the agent's check, or the turn would have failed),
        it can be compared, and its agent is sure enough.
        """
        mainline = Mainline(journal=self.journal, branch=main, clock=self.clock)
        entries = mainline.entries()
        others = paths(entries, claiming.step)
        if claiming.branch not in others:
            raise InputRejected(f"{claiming.branch} is no branch of {claiming.step}")
        good = self._good(main, claiming)
        first = claimant(entries, claiming.step)
        if good and not first:
            first = winner(mainline.once(lambda entries: claimed(entries, claiming.step), lambda _: _made(claiming)))
        if first:
            self._stop([Branch(tenant=main.tenant, run=main.run, path=path) for path in others if path != first], first)
        return Claimed(won=first == claiming.branch, good=good)

    def _good(self, main: Branch, claiming: Claiming) -> bool:
        end: Ended = self.ends.one(Branch(tenant=main.tenant, run=main.run, path=claiming.branch))
        found, _ = candidates([end], claiming.sought)
        return bool(found) and found[0].weight >= claiming.least * SURE

    def _stop(self, losers: Sequence[Branch], first: str) -> None:
        """Stop the *losers*, and wake those that wait for a person: nobody's answer is of use to them any more.

        One that lost before a fork has no account there, so it does nothing in the fork.
        """
        why = f"{first} answered first"
        for loser in losers:
            if self.ledger.account(loser.tenant, of_branch(loser.run, loser.path)) is None:
                continue
            self.ledger.stop_branch(loser, why)
            for approval in summarise(self.journal.read(loser)).waiting:
                if token := self.waits.find(loser.tenant, loser.run, for_approval(approval)):
                    self.executions.fail(token, error=RunStopped.__name__, cause=why)


def _made(claiming: Claiming) -> tuple[Body, Mapping[str, str]]:
    why = {"rule": "the first branch of a good answer", "least": claiming.least}
    return Routed(purpose=FIRST, of=claiming.step, to=claiming.branch, error="", rationale=why), {}
