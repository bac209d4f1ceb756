"""What the branches of a parting came to, by their journals, and which of their answers can be decided on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from septet.core.entries import LOST, Answer, Branched, Entry, Failure, ModelFailed, ModelReply, Request
from septet.core.errors import AnswerInvalid, InputRejected, RunStopped
from septet.core.frozen import frozen
from septet.core.journal import Branch, Journal
from septet.core.ledger import Ledger, of_branch
from septet.orchestration.mainline import parted
from septet.orchestration.parting import QUESTION
from septet.orchestration.resolving.candidates import Candidate, weight
from septet.orchestration.resolving.normal import normal


@frozen
class Ended:
    """What a branch came to."""

    path: str
    question: Any
    answer: Any = None
    error: str = ""
    """The class of error for which there is no answer; empty when there is one."""


@frozen
class Sought:
    """What of the branches' answers is decided on."""

    field: str = ""
    """Of each answer; empty: all of it but the confidence."""
    by: str = ""
    """The field by which two answers are told to say the same, where what is decided on has more; empty: all that is decided on."""
    confidence: str = "confidence"
    """The field that says how sure its agent is."""

    def __post_init__(self) -> None:
        if not all(isinstance(name, str) for name in (self.field, self.by, self.confidence)):
            raise InputRejected("field, by and confidence must be texts: names of fields of the branches' answers")


@frozen
class Ends:
    """Reads what branches came to."""

    journal: Journal
    ledger: Ledger

    def of(self, main: Branch, entries: Sequence[Entry], step: str) -> list[Ended]:
        """What the branches of *step* came to, by the *entries* of *main*. Raises InputRejected when it has not parted the run."""
        return [self.one(Branch(tenant=main.tenant, run=main.run, path=path)) for path in paths(entries, step)]

    def one(self, branch: Branch) -> Ended:
        """What *branch* came to. Of one without an end, its account tells whether it was stopped."""
        end = ended(branch.path, self.journal.read(branch))
        account = self.ledger.account(branch.tenant, of_branch(branch.run, branch.path)) if end.error == LOST else None
        return Ended(path=end.path, question=end.question, error=RunStopped.__name__) if account and account.stopped else end


def paths(entries: Sequence[Entry], step: str) -> tuple[str, ...]:
    """The branches that *step* parted the run into. Raises InputRejected when it has not."""
    found = parted(entries, step)
    if found is None or not isinstance(found.body, Branched):
        raise InputRejected(f"{step} has not parted this run: the step part comes first")
    return found.body.paths


def ended(path: str, entries: Iterable[Entry]) -> Ended:
    """What the branch came to by its *entries*: the last end of a turn counts, and where no turn has ended, why the last call failed."""
    question, answer, error = None, None, LOST
    for entry in entries:
        match entry.body:
            case Request(input=given):
                question = given.get(QUESTION)
            case Answer(value=value):
                answer, error = value, ""
            case Failure(error=name) | ModelFailed(error=name):
                answer, error = None, name
            case ModelReply():
                answer, error = None, LOST
    return Ended(path=path, question=question, answer=answer, error=error)


def candidates(ends: Sequence[Ended], sought: Sought) -> tuple[list[Candidate], dict[str, str]]:
    """The answers that can be decided on, and by branch why there is none of the others."""
    found, missing = [], {}
    for end in ends:
        if one := None if end.error else _candidate(end, sought):
            found.append(one)
        else:
            missing[end.path] = end.error or AnswerInvalid.__name__
    return found, missing


def _candidate(end: Ended, sought: Sought) -> Candidate | None:
    """The branch's answer, if there is one that can be compared."""
    given = end.answer if isinstance(end.answer, Mapping) else {}
    whole = {name: item for name, item in given.items() if name != sought.confidence} or end.answer
    value = given.get(sought.field) if sought.field else whole
    said = given.get(sought.by) if sought.by else value
    if value is None or said is None or normal(value) is None:
        return None
    form = normal(said)
    return None if form is None else Candidate(path=end.path, value=value, form=form, weight=weight(given.get(sought.confidence)))
