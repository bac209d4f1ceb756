"""Before a judge: a branch of its own in which it sees the answers of the others, and not whose they are."""

from collections.abc import Mapping, Sequence

from septet.core.entries import Body, Entry, Resolved
from septet.core.errors import InputRejected, NoAnswer
from septet.core.frozen import frozen
from septet.core.journal import Branch
from septet.orchestration.ends import Ended, Ends, Sought, candidates
from septet.orchestration.mainline import Mainline, parted
from septet.orchestration.parting import MOST_PERCENT, Parter, request
from septet.orchestration.resolving.judging import presented


@frozen
class Comparing:
    """What a workflow asks for."""

    step: str
    """Of the parting whose answers are judged."""
    sought: Sought
    percent: int
    """Of what ``main`` has left that the judge gets."""

    def __post_init__(self) -> None:
        if not isinstance(self.step, str) or not self.step:
            raise InputRejected("step must be a text; the event of compare is {tenant, run, step, field, percent}")
        if type(self.percent) is not int or not 1 <= self.percent <= MOST_PERCENT:
            raise InputRejected(f"percent must be a whole number from 1 to {MOST_PERCENT}, not {self.percent!r}")


@frozen
class Compared:
    """Where the judge works."""

    branch: str
    """Empty when there is nothing to judge: all say the same."""
    answers: int
    """That differ."""


@frozen
class Comparer:
    """What is read, and how the judge's branch is opened."""

    parter: Parter
    ends: Ends

    def compare(self, main: Branch, comparing: Comparing) -> Compared:
        """Open the judge's branch; asked again, it is the same. Raises NoAnswer when there is nothing to show."""
        path = judge(comparing.step)
        entries = Mainline(journal=self.parter.journal, branch=main, clock=self.parter.clock).entries()
        ends = self.ends.of(main, entries, comparing.step)
        found, _ = candidates(ends, comparing.sought)
        if not found:
            raise NoAnswer("none of the branches has an answer that a judge could be shown")
        shown = presented(found)
        if len(shown) == 1 and not parted(entries, path):
            return Compared(branch="", answers=1)
        body = Resolved(
            step=comparing.step,
            method="judge",
            paths=tuple(one.path for one in found),
            winner="",
            value={name: group.members[0].value for name, group in shown.items()},
            rationale={"shown": {name: group.paths for name, group in shown.items()}},
            missing={},
        )

        def begin(entries: Sequence[Entry]) -> Mapping[str, Sequence[Body]]:
            return {path: (request(entries, _question(ends)), body)}

        self.parter.open(main, path, percent=comparing.percent, begin=begin)
        return Compared(branch=path, answers=len(shown))


def judge(step: str) -> str:
    """The branch of the judge of *step*'s answers."""
    return f"{step}-judge"


def _question(ends: Sequence[Ended]) -> object:
    """What the branches were asked; a list where they were asked different things."""
    different = list({repr(end.question): end.question for end in ends}.values())
    return different[0] if len(different) == 1 else different
