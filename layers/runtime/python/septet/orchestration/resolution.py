"""Making one answer of the branches' answers: reads what each branch came to, decides by rule, and writes it into ``main`` once."""

from collections.abc import Mapping, Sequence
from typing import Any

from septet.core.entries import Body, Entry, Resolved
from septet.core.errors import InputRejected
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock, Journal
from septet.orchestration.comparing import judge
from septet.orchestration.ends import Ends, Sought, candidates
from septet.orchestration.mainline import Mainline, claimant, labels, parted, resolved
from septet.orchestration.resolving.candidates import place
from septet.orchestration.resolving.deciding import Evidence, check, decide
from septet.orchestration.resolving.gathering import Keys, telling


@frozen
class Resolving:
    """What a workflow asks for."""

    step: str
    """Of the parting."""
    method: str
    """The rule that decides: one of ``deciding.METHODS``."""
    sought: Sought
    keys: Keys
    choice: str = "choice"
    """The field of the judge's answer that names a candidate."""
    leave_ties: bool = False
    """Whether a tie is told and nothing stands yet: the workflow then has a judge decide, and resolves by that method."""

    def __post_init__(self) -> None:
        if not isinstance(self.step, str) or not self.step:
            raise InputRejected("step must be a text: the event of resolve is {tenant, run, step, method, field}")
        check(self.method)
        if not isinstance(self.leave_ties, bool):
            raise InputRejected(f"leave_ties must be true or false, not {self.leave_ties!r}")


class _Tied(Exception):  # noqa: N818 -- it is what was found, and never leaves this module
    """The rule for ties would decide."""

    def __init__(self, body: Resolved) -> None:
        super().__init__()
        self.body = body


@frozen
class Resolver:
    """What is read and written."""

    journal: Journal
    ends: Ends
    clock: Clock

    def resolve(self, main: Branch, resolving: Resolving) -> dict[str, Any]:
        """What stands, as a workflow may know it; asked again, the same. Raises NoAnswer when no branch has an answer that can be used.

        Where ties are left, ``tied`` is said of one that nobody has decided yet, and of no other.
        """

        def make(entries: Sequence[Entry]) -> tuple[Body, Mapping[str, str]]:
            body = self._resolved(main, entries, resolving)
            if resolving.leave_ties and body.rationale.get("tied"):
                raise _Tied(body)
            return body, labels(body)

        mainline = Mainline(journal=self.journal, branch=main, clock=self.clock)
        try:
            found = told(mainline.once(lambda entries: resolved(entries, resolving.step), make).body)
        except _Tied as tie:
            return told(tie.body) | {"winner": ""}
        return found | {"tied": False} if resolving.leave_ties else found

    def _resolved(self, main: Branch, entries: Sequence[Entry], resolving: Resolving) -> Resolved:
        ends = self.ends.of(main, entries, resolving.step)
        found, missing = candidates(ends, resolving.sought)
        if resolving.method == "all":
            found, empty = telling(found)
            missing |= empty
        judges = self._judges(entries, resolving)
        evidence = self._evidence(main, entries, resolving, judges)
        verdict = decide(resolving.method, found, keys=resolving.keys, evidence=evidence)
        return Resolved(
            step=resolving.step,
            method=resolving.method,
            paths=(*(end.path for end in ends), *judges),
            winner=verdict.winner,
            value=verdict.value,
            rationale={**verdict.rationale, "unanswered": {end.path: end.question for end in ends if end.path in missing}},
            missing=missing,
        )

    def _judges(self, entries: Sequence[Entry], resolving: Resolving) -> tuple[str, ...]:
        """The branch of the judge, where there is one: what it read counts as read as well."""
        return (judge(resolving.step),) if resolving.method == "judge" and parted(entries, judge(resolving.step)) else ()

    def _evidence(self, main: Branch, entries: Sequence[Entry], resolving: Resolving, judges: Sequence[str]) -> Evidence:
        if resolving.method == "first":
            return Evidence(claimed=claimant(entries, resolving.step))
        if not judges:
            return Evidence()
        branch = Branch(tenant=main.tenant, run=main.run, path=judges[0])
        shown: Mapping[str, Sequence[str]] = next(
            (one.body.rationale["shown"] for one in self.journal.read(branch) if isinstance(one.body, Resolved)), {}
        )
        answer = self.ends.one(branch).answer
        return Evidence(shown=shown, choice=answer.get(resolving.choice) if isinstance(answer, Mapping) else None)


def told(body: Body) -> dict[str, Any]:
    """What a workflow may know of a resolution: never its content."""
    if not isinstance(body, Resolved):
        raise TypeError("only a resolution is told")
    missing = sorted(body.missing, key=place)
    return {
        "winner": body.winner,
        "answered": sum(path not in body.missing for path in body.paths if path != judge(body.step)),
        "missing": missing,
        "agreed": body.rationale.get("agreed", 0),
        "tied": body.rationale.get("tied", False),
        "conflicts": body.rationale.get("conflicts", 0),
    }
