"""The branch ``main`` of a run as steps read it and extend it: what is written once is found by whoever comes again."""

from collections.abc import Callable, Mapping, Sequence

from septet.core.entries import LOST, Body, Branched, Entry, ModelCall, ModelFailed, Request, Resolved, Routed
from septet.core.errors import Fenced, InputRejected
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock, Journal, Pen, after

ATTEMPTS = 5
"""Of a write that others get in between: as many as may write into ``main`` at one time, and one more."""
WORST = "unknown"
"""The label of what agents in branches said, and of what is asked of them: the worst there is."""
FIRST = "first"
"""The purpose of the entry by which a branch wins."""
Find = Callable[[Sequence[Entry]], Entry | None]
Make = Callable[[Sequence[Entry]], tuple[Body, Mapping[str, str]]]
"""What to write after these entries, with its labels. It may be asked several times."""


@frozen
class Mainline:
    """The branch ``main`` of a run."""

    journal: Journal
    branch: Branch
    clock: Clock

    def entries(self) -> list[Entry]:
        """All that stands in it. Raises InputRejected when there is nothing: no such run was started."""
        found = list(self.journal.read(self.branch))
        if not found:
            raise InputRejected(f"run {self.branch.run} has no journal: start it through the API")
        return found

    def once(self, find: Find, make: Make) -> Entry:
        """The entry that *find* finds, or that *make* makes if there is none. Of several that come at once, one writes.

        Raises Fenced when others write again and again; whoever repeats the step goes on.
        """
        for _ in range(ATTEMPTS):
            entries = self.entries()
            if found := find(entries):
                return found
            try:
                if isinstance(call := entries[-1].body, ModelCall):
                    entries.append(self._lost(entries, call))
                body, labels = make(entries)
                return Pen(journal=self.journal, branch=self.branch, clock=self.clock, head=after(entries)).write(body, labels=labels)
            except Fenced:
                continue
        raise Fenced(f"others have written into {self.branch.path} of {self.branch.run} {ATTEMPTS} times in a row")

    def _lost(self, entries: Sequence[Entry], call: ModelCall) -> Entry:
        """The end of a call whose maker is gone: nobody hears its reply now, and as it may have been sent, all that is held is charged."""
        made = entries[-1]
        pen = Pen(
            journal=self.journal,
            branch=self.branch,
            clock=self.clock,
            head=after(entries),
            agent=made.agent,
            turn=made.turn,
            bundle=made.bundle,
        )
        return pen.write(ModelFailed(model=call.model, error=LOST, message=""), cost=call.reserved)


def parted(entries: Sequence[Entry], step: str) -> Entry | None:
    """The entry by which *step* parted the run; None when it has not."""
    return next((one for one in entries if isinstance(one.body, Branched) and one.body.step == step), None)


def resolved(entries: Sequence[Entry], step: str) -> Entry | None:
    """The entry by which what the branches of *step* found was made one; None when it was not."""
    return next((one for one in entries if isinstance(one.body, Resolved) and one.body.step == step), None)


def claimed(entries: Sequence[Entry], step: str) -> Entry | None:
    """The entry by which a branch of *step* has won with the first good answer; None while none has."""
    routed = ((one, one.body) for one in entries if isinstance(one.body, Routed) and not one.agent)
    return next((one for one, body in routed if body.purpose == FIRST and body.of == step), None)


def claimant(entries: Sequence[Entry], step: str) -> str:
    """The branch of *step* that has won; empty while none has."""
    found = claimed(entries, step)
    return winner(found) if found else ""


def winner(entry: Entry) -> str:
    """The branch that *entry* says has won."""
    return entry.body.to if isinstance(entry.body, Routed) else ""


def labels(body: Body) -> dict[str, str]:
    """The labels of what a step writes of branches: whatever they said, or are asked, is as bad as can be."""
    match body:
        case Request(input=given):
            return dict.fromkeys(given, WORST)
        case Resolved():
            return {"value": WORST, "rationale": WORST}
    return {}
