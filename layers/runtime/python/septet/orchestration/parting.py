"""Parting a run into branches: each question that an agent's answer holds goes to a branch of its own, with a share of the money.

Everything is written in an order that can break off anywhere and be repeated, also by two at once: the branches are noted in the run's
record (whoever seals, exports or erases the run then knows of them), their accounts are opened, each begins with a request, and the last
write, into ``main``, says that all this stands.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from septet.core.entries import Answer, Body, Branched, Entry, Forked, Request
from septet.core.errors import AnswerInvalid, BudgetExhausted, Fenced, InputRejected
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock, Journal, Pen, after
from septet.core.ledger import Account, Ledger, of_branch
from septet.core.runs import Runs
from septet.orchestration.mainline import Mainline, claimant, labels, parted

MOST = 40
"""Branches that one step may part a run into."""
MOST_PERCENT = 100
QUESTION = "question"
"""The field of a branch's request."""
OPINION = "opinion"
"""The field that tells branches apart which are asked the same: equal requests would be one opinion, heard several times."""
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a workflow may be told of a request to route by: a name of something, and no content."""
Begin = Callable[[Sequence[Entry]], Mapping[str, Sequence[Body]]]
"""By branch, what it begins with, by the entries of ``main``. It may be asked several times."""


@frozen
class Parting:
    """What a workflow asks for: who is asked what, and with how much money."""

    step: str
    """Names the parting within the workflow; branches are named ``STEP-0``, ``STEP-1``, …"""
    agent: str
    """Whose latest answer holds the questions; empty: the run's request does."""
    field: str
    """Of that answer: a list of questions, each for a branch, or a single one, which goes to ``most`` branches."""
    most: int
    """Branches at most: of more questions the first count."""
    percent: int
    """Of what ``main`` has left that the branches get, in equal shares."""

    def __post_init__(self) -> None:
        for name in ("step", "field"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name):
                raise InputRejected(f"{name} must be a text; the event of part is {{tenant, run, step, agent, field, most, percent}}")
        for name, limit in (("most", MOST), ("percent", MOST_PERCENT)):
            if type(value := getattr(self, name)) is not int or not 1 <= value <= limit:
                raise InputRejected(f"{name} must be a whole number from 1 to {limit}, not {value!r}")


@frozen
class Parter:
    """What a run is parted through."""

    journal: Journal
    ledger: Ledger
    runs: Runs
    clock: Clock

    def part(self, main: Branch, parting: Parting) -> tuple[str, ...]:
        """The names of the branches, which stand when this returns; asked again, the same.

        Raises AnswerInvalid when there is no question, BudgetExhausted when too little is left for a share, RunStopped after a stop.
        """

        def begin(entries: Sequence[Entry]) -> Mapping[str, Sequence[Body]]:
            asked = questions(entries, parting)
            whole = [
                request(entries, one, opinion=f"{number} of {len(asked)}" if _repeated(entries, parting) else "")
                for number, one in enumerate(asked, 1)
            ]
            return {f"{parting.step}-{number}": (one,) for number, one in enumerate(whole)}

        return self.open(main, parting.step, percent=parting.percent, begin=begin)

    def words(self, main: Branch, wanted: Sequence[str]) -> dict[str, str]:
        """Short words of the run's request, by which its workflow goes one way or another."""
        return words(Mainline(journal=self.journal, branch=main, clock=self.clock).entries(), wanted)

    def open(self, main: Branch, step: str, *, percent: int, begin: Begin) -> tuple[str, ...]:
        """Open the branches that *begin* names, with what each begins with, unless *step* has; then what *begin* would say is not asked."""

        def make(entries: Sequence[Entry]) -> tuple[Body, Mapping[str, str]]:
            overrides = tuple(entry.body for entry in entries if isinstance(entry.body, Forked))
            begun = {path: (*bodies, *overrides) for path, bodies in begin(entries).items()}
            branches = [Branch(tenant=main.tenant, run=main.run, path=path) for path in begun]
            self.runs.part(main.tenant, main.run, tuple(begun))
            share = self._opened(branches, percent)
            for branch in branches:
                self._begin(branch, begun[branch.path])
            return Branched(step=step, paths=tuple(begun), share=share), {}

        mainline = Mainline(journal=self.journal, branch=main, clock=self.clock)
        stands = mainline.once(lambda entries: parted(entries, step), make)
        paths = stands.body.paths if isinstance(stands.body, Branched) else ()
        self._renew([Branch(tenant=main.tenant, run=main.run, path=path) for path in paths], percent, mainline, step)
        return paths

    def _renew(self, branches: Sequence[Branch], percent: int, mainline: Mainline, step: str) -> None:
        """Open the accounts that were closed when the run ended, before it was restarted, and those that a fork's copies have not had yet.

        A stop of the whole run is over with its restart. Those that lost to a first good answer stay stopped: the journal says who won.
        """
        closed = [branch for branch in branches if (found := self._account(branch)) is None or found.closed]
        first = claimant(mainline.entries(), step) if closed else ""
        working = [branch for branch in closed if first in {"", branch.path}]
        if working:
            share = self._share(working[0], len(working), percent)
            for branch in working:
                self.ledger.open_branch(branch, share)

    def _opened(self, branches: Sequence[Branch], percent: int) -> int:
        """The share of each of *branches*, whose accounts are open when this returns. The first one's account fixes it for all."""
        first = branches[0]
        if not self._limit(first):
            self.ledger.open_branch(first, self._share(first, len(branches), percent))
        share = self._limit(first)
        for branch in branches[1:]:
            self.ledger.open_branch(branch, share)
        return share

    def _account(self, branch: Branch) -> Account | None:
        return self.ledger.account(branch.tenant, of_branch(branch.run, branch.path))

    def _limit(self, branch: Branch) -> int:
        account = self._account(branch)
        return account.limit if account else 0

    def _share(self, branch: Branch, count: int, percent: int) -> int:
        account = self.ledger.account(branch.tenant, of_branch(branch.run))
        share = (account.available if account else 0) * percent // 100 // count
        if share <= 0:
            raise BudgetExhausted(f"too little is left of the run's budget for {count} branches")
        return share

    def _begin(self, branch: Branch, bodies: Sequence[Body]) -> None:
        """Write *bodies* as the first entries of *branch*, as far as nobody has: they would be the same."""
        there = list(islice(self.journal.read(branch), len(bodies)))
        pen = Pen(journal=self.journal, branch=branch, clock=self.clock, head=after(there))
        try:
            for body in bodies[len(there) :]:
                pen.write(body, labels=labels(body))
        except Fenced:  # somebody else is at it, or gone after it: what is missing now is found the next time
            self._begin(branch, bodies)


def words(entries: Sequence[Entry], wanted: Sequence[str]) -> dict[str, str]:
    """The fields *wanted* of the run's request, for a workflow to route by; empty for one that it leaves out, or that is no short word."""
    if not isinstance(wanted, list) or not all(isinstance(name, str) for name in wanted):
        raise InputRejected("words must be a list of fields of the run's request")
    held = {name: _first(entries).input.get(name) for name in wanted}
    return {name: value if isinstance(value, str) and _WORD.fullmatch(value) else "" for name, value in held.items()}


def questions(entries: Sequence[Entry], parting: Parting) -> list[Any]:
    """What is asked, a question for each branch. Raises AnswerInvalid when there is none."""
    found = _found(entries, parting)
    asked = found[: parting.most] if isinstance(found, list) else [found] * parting.most
    if not asked or not all(isinstance(question, str | Mapping) and question for question in asked):
        raise AnswerInvalid(f"{parting.field} of {parting.agent or 'the request'} holds no questions: each must be a text or an object")
    return asked


def _found(entries: Sequence[Entry], parting: Parting) -> Any:
    """What the field holds: one question, or a list of them."""
    held = _holder(entries, parting)
    return held.get(parting.field) if isinstance(held, Mapping) else None


def _repeated(entries: Sequence[Entry], parting: Parting) -> bool:
    """Whether one question goes to all branches."""
    return not isinstance(_found(entries, parting), list)


def _holder(entries: Sequence[Entry], parting: Parting) -> Any:
    """The value with the questions in it."""
    if parting.agent:
        return next((one.body.value for one in reversed(entries) if one.agent == parting.agent and isinstance(one.body, Answer)), None)
    return _first(entries).input


def request(entries: Sequence[Entry], question: Any, *, opinion: str = "") -> Request:
    """What a branch is asked, on behalf of whoever submitted the run that *entries* are of; *opinion*: the how manieth of several."""
    whole = _first(entries)
    given = {QUESTION: question} | ({OPINION: opinion} if opinion else {})
    return Request(workflow=whole.workflow, input=given, submitter=whole.submitter, trace=whole.trace)


def _first(entries: Sequence[Entry]) -> Request:
    first = entries[0].body
    if not isinstance(first, Request):
        raise InputRejected("the run's journal does not begin with a request")
    return first
