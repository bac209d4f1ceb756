"""Asking somebody outside, and hearing how it ended, whatever comes first."""

from copy import replace
from dataclasses import dataclass, field
from typing import Any

import pytest

from septet.core.entries import Answer, Entry, Heard, Inquired, Request, ToolIntent, ToolResult
from septet.core.errors import InputRejected, RunStopped
from septet.core.inquiries import Inquiry, inquiry_id
from septet.core.journal import Branch, Pen, after
from septet.core.runs import Run
from septet.core.waits import for_inquiry
from septet.local.approvals import MemoryExecutions
from septet.local.clock import ManualClock
from septet.local.inquiries import MemoryInquiries
from septet.local.journal import MemoryJournal
from septet.local.ledger import MemoryLedger
from septet.local.runs import MemoryRuns
from septet.local.waits import MemoryWaits
from septet.orchestration.inquiring import Declared, Inquirer, declared

RUN = Branch(tenant="acme", run="run-1")
ID = inquiry_id("acme", "run-1", "main", "supplier")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"delivers": {"type": "boolean", "x-septet-routing": True}, "days": {"type": "integer"}},
}
DATE = Declared(
    to="supplier",
    roles=("responder",),
    seconds=600,
    question="When?",
    about={"agent": "analyst", "field": "question"},
    answer=SCHEMA,
)
LEFT = Declared(to="operators", roles=("operator",), seconds=600, question="Look", about={"not_undone": True}, answer=SCHEMA)


@dataclass(kw_only=True)
class Case:
    """A run whose analyst has answered."""

    clock: ManualClock = field(default_factory=ManualClock)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    inquiries: MemoryInquiries = field(default_factory=MemoryInquiries)
    waits: MemoryWaits = field(default_factory=MemoryWaits)
    executions: MemoryExecutions = field(default_factory=MemoryExecutions)

    def __post_init__(self) -> None:
        self.runs.create(Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="d", created_at=1))
        self.ledger.open(RUN, 100, now=1)
        self.write(Request(workflow="w", input={}, submitter="s"))
        self.write(Answer(value={"question": "P-1001"}), agent="analyst", turn="analyst")

    def write(self, body: Any, **who: str) -> None:
        Pen(journal=self.journal, branch=RUN, clock=self.clock, head=after(self.entries), **who).write(body)

    @property
    def entries(self) -> list[Entry]:
        return list(self.journal.read(RUN))

    @property
    def inquirer(self) -> Inquirer:
        return Inquirer(
            journal=self.journal,
            runs=self.runs,
            ledger=self.ledger,
            inquiries=self.inquiries,
            waits=self.waits,
            executions=self.executions,
            clock=self.clock,
        )

    def ask(self, token: str = "token-1", what: Declared = DATE) -> None:  # noqa: S107 -- made up
        self.inquirer.ask(RUN, "supplier", "date", what, token=token)

    def hear(self, *, over: bool = False) -> dict[str, Any]:
        return self.inquirer.hear(RUN, "supplier", over=over)

    def answer(self, value: Any = None) -> Inquiry | None:
        return self.inquiries.end("acme", ID, outcome="answered", at=self.clock(), by="supplier-7", answer=value or {"delivers": True})


def bodies(case: Case, kind: type) -> list[Any]:
    return [entry.body for entry in case.entries if isinstance(entry.body, kind)]


def test_the_question_is_in_the_journal_and_can_be_answered() -> None:
    case = Case()
    case.ask()
    (said,) = bodies(case, Inquired)
    assert said.question == {"text": "When?", "about": "P-1001"}
    asked = case.inquiries.get("acme", ID)
    assert asked is not None
    assert (asked.question, asked.expires_at, asked.roles) == (said.question, said.expires_at, ("responder",))
    assert case.waits.find("acme", "run-1", for_inquiry(ID)) == "token-1"
    assert case.executions.woken == {}


def test_asked_again_it_is_the_same_question_with_the_same_end_and_another_token() -> None:
    case = Case()
    case.ask()
    until = bodies(case, Inquired)[0].expires_at
    case.clock.now += 5000
    case.ask("token-2")
    assert [body.expires_at for body in bodies(case, Inquired)] == [until]
    assert len(case.inquiries.listed("acme")) == 1
    assert case.waits.find("acme", "run-1", for_inquiry(ID)) == "token-2"


def test_an_answer_is_heard_as_from_outside_and_only_what_is_marked_chooses() -> None:
    case = Case()
    case.ask()
    case.answer({"delivers": False, "days": 9})
    assert case.hear() == {"inquiry": ID, "outcome": "answered", "routing": {"delivers": False}}
    assert case.hear()["outcome"] == "answered", "taken again, it says the same"
    (heard,) = bodies(case, Heard)
    assert (heard.outcome, heard.value, heard.by) == ("answered", {"delivers": False, "days": 9}, "supplier-7")
    assert case.entries[-1].labels == {"delivers": "external", "days": "external"}
    assert case.waits.of("acme", "run-1") == ()


def test_an_answer_that_was_there_before_anybody_waited_wakes_at_once() -> None:
    case = Case()
    case.ask()
    case.answer()
    case.ask("token-2")
    assert case.executions.woken == {"token-2": {"inquiry": ID, "outcome": "answered"}}


class Forgetful(MemoryWaits):
    """Waits of which a slow hearing of the attempt before forgets each at once."""

    def put(self, tenant: str, run: str, what: str, token: str) -> None:
        super().put(tenant, run, what, token)
        self.drop(tenant, run, what)


def test_whoever_asks_what_has_ended_is_told_though_the_token_is_forgotten() -> None:
    case = Case()
    case.ask()
    case.inquiries.end("acme", ID, outcome="answered", at=case.clock(), by="s", answer={"days": 3})
    case.waits = Forgetful()
    case.ask("token-2")
    assert case.executions.woken["token-2"] == {"inquiry": ID, "outcome": "answered"}


def test_an_execution_that_comes_when_the_question_s_time_is_over_is_woken_at_once() -> None:
    """A run that was stopped while it waited, and is restarted when nobody may answer any more."""
    case = Case()
    case.ask()
    case.clock.now = bodies(case, Inquired)[0].expires_at
    case.ask("token-2")
    assert case.executions.woken == {"token-2": {"inquiry": ID, "outcome": "expired"}}
    assert case.answer() is None
    assert case.hear()["outcome"] == "expired"


def test_when_the_state_s_time_is_over_the_question_is_and_no_answer_counts_any_more() -> None:
    case = Case()
    case.ask()
    assert case.hear(over=True)["outcome"] == "expired"
    assert case.answer() is None
    (heard,) = bodies(case, Heard)
    assert heard.outcome == "expired"
    case.ask("token-2")
    assert case.executions.woken == {"token-2": {"inquiry": ID, "outcome": "expired"}}


def test_an_answer_that_came_before_the_state_s_time_was_over_stands() -> None:
    case = Case()
    case.ask()
    case.answer()
    assert case.hear(over=True)["outcome"] == "answered"


def test_who_is_woken_too_early_hears_that_it_is_open() -> None:
    case = Case()
    case.ask()
    assert case.hear()["outcome"] == "open"
    assert bodies(case, Heard) == []
    case.clock.now += 600_000
    assert case.hear()["outcome"] == "expired"


def test_a_cancelled_run_asks_nobody() -> None:
    case = Case()
    case.runs.cancel("acme", "run-1", by="boss", reason="")
    case.ask()
    assert case.executions.woken == {"token-1": {"inquiry": ID, "outcome": "cancelled"}}
    assert case.hear()["outcome"] == "cancelled"
    assert [(body.outcome, body.by) for body in bodies(case, Heard)] == [("cancelled", "boss")]


def test_a_run_that_is_cancelled_after_the_answer_is_cancelled() -> None:
    case = Case()
    case.ask()
    case.answer()
    case.runs.cancel("acme", "run-1", by="boss", reason="")
    assert case.hear()["outcome"] == "cancelled"
    assert [body.outcome for body in bodies(case, Heard)] == ["answered"], "what was said stays in the journal"


def test_what_a_cancelled_run_leaves_behind_is_asked_about_all_the_same() -> None:
    case = Case()
    case.runs.cancel("acme", "run-1", by="boss", reason="")
    case.write(ToolResult(call="c", tool="tell", error="NotUndone", message="tell (entry 2) stays done: it declares no way"))
    case.ask(what=LEFT)
    assert case.executions.woken == {}
    (said,) = bodies(case, Inquired)
    assert said.question["about"] == ["tell (entry 2) stays done: it declares no way"]
    case.answer()
    assert case.hear()["outcome"] == "answered"


def test_what_undoing_did_not_come_to_is_asked_about_as_well() -> None:
    case = Case()
    for number, tool in enumerate(("reserve", "order", "tell")):
        case.write(ToolIntent(call=f"c{number}", tool=tool, arguments={}, key=f"k{number}", reasons=()), agent="buyer", turn="buyer")
        case.write(ToolResult(call=f"c{number}", tool=tool, value={}), agent="buyer", turn="buyer")
    stays = "tell (entry 6) stays done: it declares no way"
    case.write(ToolResult(call="undo-k2-1", tool="tell", error="NotUndone", message=stays), turn="undo")
    case.write(ToolIntent(call="undo-k1-1", tool="cancel", arguments={}, key="u", reasons=()), turn="undo")
    case.write(ToolResult(call="undo-k1-1", tool="cancel", value={}), turn="undo")
    case.ask(what=LEFT)
    (said,) = bodies(case, Inquired)
    assert said.question["about"] == [stays, "reserve (entry 2) may stay done: undoing did not come to its end"]


def test_an_effect_of_which_nobody_knows_is_asked_about_as_the_call_was_made() -> None:
    case = Case()
    paid = {"order_id": "A-1"}
    case.write(ToolIntent(call="c", tool="pay", arguments=paid, key="k", reasons=()))
    case.write(ToolResult(call="c", tool="pay", error="EffectUnknown", message="nobody knows"))
    case.write(ToolResult(call="d", tool="look", error="ToolFailed", message="no"))
    case.ask(what=replace(LEFT, about={"effect_unknown": True}))
    (said,) = bodies(case, Inquired)
    assert [(one["tool"], one["arguments"]) for one in said.question["about"]] == [("pay", paid)]


def test_in_a_stopped_run_nobody_waits() -> None:
    case = Case()
    case.ledger.stop("acme", "run-1", "enough")
    with pytest.raises(RunStopped):
        case.ask()


def test_what_the_journal_lacks_cannot_be_asked_about() -> None:
    case = Case()
    with pytest.raises(InputRejected, match="clerk has given no question"):
        case.ask(what=declared({"x": {**_json(DATE), "about": {"agent": "clerk", "field": "question"}}})["x"])
    with pytest.raises(InputRejected, match="no inquiry"):
        Case().hear()


def _json(value: Declared) -> dict[str, Any]:
    names = ("to", "roles", "seconds", "question", "about", "answer")
    return {name: getattr(value, name) for name in names}
