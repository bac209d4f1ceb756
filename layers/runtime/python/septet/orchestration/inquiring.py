"""Asking somebody outside: a state waits for the answer by task token, and the journal has the question before and how it ended after."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from septet.core.canonical import unfit
from septet.core.entries import Answer, Entry, Heard, Inquired, ToolIntent, ToolResult
from septet.core.errors import EffectUnknown, InputRejected
from septet.core.frozen import frozen
from septet.core.inquiries import Inquiries, Inquiry, inquiry_id
from septet.core.journal import Branch, Clock, Journal
from septet.core.labels import labelled
from septet.core.ledger import Ledger
from septet.core.runs import Runs
from septet.core.waits import Waits, for_inquiry
from septet.execution.answers import routing
from septet.integration.delivering import deliver
from septet.orchestration.mainline import WORST, Mainline
from septet.orchestration.waiting import wait
from septet.security.delivery import Executions
from septet.security.undoing import unsettled

QUESTION_BYTES = 64 * 1024
"""Of a question: it is stored in one item."""
OUTSIDE = "external"
"""The label of an answer, whoever gave it."""


@frozen
class Declared:
    """An inquiry as ``policies/inquiries.toml`` declares it."""

    to: str
    roles: tuple[str, ...]
    seconds: int
    """How long it can be answered."""
    question: str
    """The words that every question of it begins with."""
    about: Mapping[str, Any]
    """What it is about: ``agent`` and ``field`` of that agent's answer, ``not_undone``, or ``effect_unknown``."""
    answer: Mapping[str, Any]
    """JSON Schema."""


def declared(value: Mapping[str, Mapping[str, Any]]) -> dict[str, Declared]:
    """The inquiries by name in an ``inquiries.json``. Raises TypeError for anything else."""
    return {name: Declared(**{**item, "roles": tuple(item["roles"])}) for name, item in value.items()}


@frozen
class Inquirer:
    """Asks, and takes in how it ended. Each of both can be repeated."""

    journal: Journal
    runs: Runs
    ledger: Ledger
    """Read only: an account says whether its run was stopped."""
    inquiries: Inquiries
    waits: Waits
    executions: Executions
    clock: Clock

    def ask(self, branch: Branch, step: str, name: str, inquiry: Declared, *, token: str) -> None:
        """Ask as *step* of the workflow, which waits with *token*; of a run that is cancelled, or a question that has ended, wake it.

        Raises RunStopped when the run is stopped, InputRejected when the journal lacks what is asked about.
        """
        which = inquiry_id(branch.tenant, branch.run, branch.path, step)
        said = self._said(branch, which, inquiry)
        self.inquiries.ask(
            Inquiry(
                tenant=branch.tenant,
                inquiry=which,
                run=branch.run,
                name=name,
                to=inquiry.to,
                roles=inquiry.roles,
                question=said.question,
                answer_schema=inquiry.answer,
                asked_at=said.expires_at - inquiry.seconds * 1000,
                expires_at=said.expires_at,
                afterwards=bool(inquiry.about.get("not_undone")),
            )
        )
        wait(branch, for_inquiry(which), token, waits=self.waits, ledger=self.ledger)
        # Whoever answers or cancels writes first and looks for a token then; the token is noted by now, so one of both sees the other.
        standing = self._timely(branch, which, over=False)
        # A slow hearing of the attempt before may forget the token meanwhile: of what has ended, this execution is told here.
        if standing.status != "open":
            self.executions.wake(token, {"inquiry": which, "outcome": standing.status})
        deliver(standing, self.inquiries, self.waits, self.executions)

    def hear(self, branch: Branch, step: str, *, over: bool) -> dict[str, Any]:
        """Journal how the inquiry of *step* ended, and say so: ``outcome``, and what a state machine may choose by.

        *over* says that the state's time was over. An execution that was woken too early hears ``open``, and waits on.
        """
        which = inquiry_id(branch.tenant, branch.run, branch.path, step)
        standing = self._timely(branch, which, over=over)
        if standing.status == "open":
            return {"inquiry": which, "outcome": "open", "routing": {}}
        self._heard(branch, standing)
        # Whatever token it is by now: an attempt that asks after the end is told by its asking, and not by what is noted.
        self.waits.drop(branch.tenant, branch.run, for_inquiry(which))
        run = self.runs.get(branch.tenant, branch.run)
        outcome = "cancelled" if run and run.cancelled_by and not standing.afterwards else standing.status
        return {"inquiry": which, "outcome": outcome, "routing": routing(standing.answer_schema, standing.answer)}

    def _said(self, branch: Branch, which: str, inquiry: Declared) -> Inquired:
        """The journal's entry of the question, written if it is not there."""

        def find(entries: Sequence[Entry]) -> Entry | None:
            return next((one for one in entries if isinstance(one.body, Inquired) and one.body.inquiry == which), None)

        def make(entries: Sequence[Entry]) -> tuple[Inquired, Mapping[str, str]]:
            question = {"text": inquiry.question, "about": about(entries, inquiry.about)}
            if wrong := unfit(question, QUESTION_BYTES):
                raise InputRejected(f"what is asked about is {wrong}")
            until = self.clock() + inquiry.seconds * 1000
            return Inquired(inquiry=which, to=inquiry.to, question=question, expires_at=until), {"text": "record", "about": WORST}

        body = Mainline(journal=self.journal, branch=branch, clock=self.clock).once(find, make).body
        if not isinstance(body, Inquired):
            raise InputRejected(f"the question {which} cannot be read any more")
        return body

    def _heard(self, branch: Branch, standing: Inquiry) -> None:
        def find(entries: Sequence[Entry]) -> Entry | None:
            return next((one for one in entries if isinstance(one.body, Heard) and one.body.inquiry == standing.inquiry), None)

        def make(_: Sequence[Entry]) -> tuple[Heard, Mapping[str, str]]:
            value = standing.answer
            names = value if isinstance(value, dict) else ("value",)
            heard = Heard(inquiry=standing.inquiry, outcome=standing.status, value=value, by=standing.by)
            return heard, labelled(names, {}, OUTSIDE)

        Mainline(journal=self.journal, branch=branch, clock=self.clock).once(find, make)

    def _timely(self, branch: Branch, which: str, *, over: bool) -> Inquiry:
        """What stands of the inquiry, ended if its time, or that of its state, is *over*. An end that was written first stands."""
        standing = self._cancelled(branch, which)
        if standing.status != "open" or not (over or self.clock() >= standing.expires_at):
            return standing
        ended = self.inquiries.end(branch.tenant, which, outcome="expired", at=self.clock())
        return ended or self._standing(branch, which)

    def _cancelled(self, branch: Branch, which: str) -> Inquiry:
        """What stands of the inquiry, ended if its run was cancelled. An end that was written first stands."""
        run, standing = self.runs.get(branch.tenant, branch.run), self._standing(branch, which)
        if run is None or not run.cancelled_by or standing.afterwards:
            return standing
        ended = self.inquiries.end(branch.tenant, which, outcome="cancelled", at=self.clock(), by=run.cancelled_by)
        return ended or self._standing(branch, which)

    def _standing(self, branch: Branch, which: str) -> Inquiry:
        standing = self.inquiries.get(branch.tenant, which)
        if standing is None:
            raise InputRejected(f"there is no inquiry {which}: the step that asks comes first")
        return standing


def about(entries: Sequence[Entry], what: Mapping[str, Any]) -> Any:
    """What a question is about, from the journal. Raises InputRejected when it is not there."""
    if what.get("not_undone"):
        return unsettled(entries)
    if what.get("effect_unknown"):
        return [*_unknown(entries)]
    answers = (one.body.value for one in reversed(entries) if one.agent == what["agent"] and isinstance(one.body, Answer))
    value = next(answers, None)
    if not isinstance(value, Mapping) or what["field"] not in value:
        raise InputRejected(f"{what['agent']} has given no {what['field']} to ask about")
    return value[what["field"]]


def _unknown(entries: Sequence[Entry]) -> Iterator[Mapping[str, Any]]:
    """The calls that may or may not have acted, each as it was made."""
    made: dict[tuple[str, str], Any] = {}
    for one in entries:
        if isinstance(one.body, ToolIntent):
            made[one.turn, one.body.call] = one.body.arguments
        elif isinstance(one.body, ToolResult) and one.body.error == EffectUnknown.__name__:
            yield {"tool": one.body.tool, "arguments": made.get((one.turn, one.body.call)), "entry": one.number}
