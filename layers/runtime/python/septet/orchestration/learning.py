"""What a run that has ended teaches of the agents that were chosen in it: each did well, or badly, at what it was chosen for."""

from collections.abc import Sequence

from septet.core.choices import Choices, Tally
from septet.core.entries import Answer, Entry, Failure, HandOver, Routed
from septet.core.frozen import frozen
from septet.core.journal import MAIN, Branch, Clock, Journal
from septet.core.runs import Run
from septet.orchestration.selecting import POOL, SKILL
from septet.orchestration.since import present
from septet.orchestration.taking_over import PURPOSE as TAKE_OVER

NO_FAULT = frozenset({"RunStopped", "AgentStopped", "PolicyDenied", "StoreUnavailable", "Fenced"})
"""Ends that say nothing of the agent. That its answer did not fit, did not pass its check, or never came, does."""


@frozen
class Learner:
    """Follows the end of runs."""

    journal: Journal
    choices: Choices
    clock: Clock

    def follow(self, run: Run) -> None:
        """Learn from *run*, once. A run in which nobody was chosen costs one read."""
        if self.choices.unlearnt(run.tenant, run.run):
            self.choices.learn(run.tenant, run.run, self._told(run), now=self.clock())

    def _told(self, run: Run) -> dict[tuple[str, str], Tally]:
        """What all branches of *run* say. That it succeeded says nothing of who was cut off or stopped in a branch."""
        found: dict[tuple[str, str], Tally] = {}
        for path in run.branches:
            entries = list(self.journal.read(Branch(tenant=run.tenant, run=run.run, path=path)))
            for of, tally in tallies(entries, succeeded=path == MAIN and run.status == "succeeded").items():
                before = found.get(of, Tally())
                found[of] = Tally(good=before.good + tally.good, bad=before.bad + tally.bad)
        return found


def tallies(entries: Sequence[Entry], *, succeeded: bool) -> dict[tuple[str, str], Tally]:
    """How often each agent did well and badly at what it was chosen for, by agent and skill or pool.

    Bodies may be missing, as large ones are to who reads none: who worked in a run that *succeeded*, and was not seen to fail, did well.
    """
    waiting: dict[str, list[str]] = {}
    found: dict[tuple[str, str], Tally] = {}
    for entry in present(entries):
        match entry.body:
            case Routed(purpose=purpose, of=of, to=to) if purpose in (SKILL, POOL) and to:
                waiting.setdefault(to, []).append(of)
            case Routed(purpose=purpose, of=agent, error=error) if purpose == TAKE_OVER:
                _count(found, agent, waiting, good=0, bad=int(error not in NO_FAULT))
            case Failure(error=error):
                _count(found, entry.agent, waiting, good=0, bad=int(error not in NO_FAULT))
            case Answer() | HandOver():
                _count(found, entry.agent, waiting, good=1, bad=0)
    for agent in {entry.agent for entry in present(entries)} if succeeded else ():
        _count(found, agent, waiting, good=1, bad=0)
    return found


def _count(found: dict[tuple[str, str], Tally], agent: str, waiting: dict[str, list[str]], *, good: int, bad: int) -> None:
    for of in waiting.pop(agent, ()):
        before = found.get((agent, of), Tally())
        found[agent, of] = Tally(good=before.good + good, bad=before.bad + bad)
