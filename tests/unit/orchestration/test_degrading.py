"""The degraded path: a declared text, once, and everybody is told."""

import pytest

from septet.core.entries import LOST, Answer, Failure, ModelCall, ModelFailed, Request, Restarted, Routed
from septet.core.errors import InputRejected, NoAnswer
from septet.core.journal import Branch, Pen, after
from septet.local.clock import ManualClock
from septet.local.journal import MemoryJournal
from septet.observability.overview import summarise
from septet.orchestration.degrading import degrade
from septet.orchestration.mainline import Mainline
from septet.orchestration.routes import Flow

BRANCH = Branch(tenant="acme", run="run-1")
FLOWS = {"support": Flow(degraded="We will write to you."), "mute": Flow()}


def line(workflow: str = "support") -> Mainline:
    made = Mainline(journal=MemoryJournal(), branch=BRANCH, clock=ManualClock())
    write(made, "", Request(workflow=workflow, input={}, submitter="s"))
    write(made, "writer", Failure(error="ModelRefused", message="m"))
    return made


def write(at: Mainline, agent: str, body: Request | Failure | Restarted | Answer | ModelCall) -> None:
    Pen(journal=at.journal, branch=BRANCH, clock=at.clock, head=after(at.journal.read(BRANCH)), agent=agent, turn=agent).write(body)


def test_the_declared_text_is_the_answer_and_the_journal_says_why() -> None:
    at = line()
    degrade(at, FLOWS, agent="writer", error="ModelRefused")
    why, answer = at.entries()[-2:]
    assert why.body == Routed(
        purpose="degrade", of="writer", to="", error="ModelRefused", rationale={"text": "state_machines/support.degraded.md"}
    )
    assert (answer.body, answer.labels, answer.agent) == (Answer(value={"text": "We will write to you."}), {"text": "record"}, "")
    shown = summarise(at.entries())
    assert (shown.degraded, shown.answer, shown.failure) == (
        True,
        {"text": "We will write to you."},
        Failure(error="ModelRefused", message="m"),
    )


def test_a_call_whose_maker_is_gone_is_lost_and_charged_before_anything_follows_it() -> None:
    at = line()
    write(at, "writer", ModelCall(model="m", step=0, reserved=70))
    for _ in range(2):
        degrade(at, FLOWS, agent="writer", error="Runtime.ExitError")
    call, lost, why, answer = at.entries()[-4:]
    assert (lost.body, lost.cost) == (ModelFailed(model="m", error=LOST, message=""), 70)
    assert (lost.agent, lost.turn, lost.bundle) == (call.agent, call.turn, call.bundle)
    assert [type(one.body) for one in (why, answer)] == [Routed, Answer]


def test_asked_again_it_writes_what_is_missing_and_nothing_more() -> None:
    at = line()
    for _ in range(3):
        degrade(at, FLOWS, agent="writer", error="ModelRefused")
    assert len(at.entries()) == 4
    broken_off = Mainline(journal=MemoryJournal(), branch=BRANCH, clock=ManualClock())
    for entry in at.entries()[:-1]:
        broken_off.journal.append(BRANCH, entry, writer="w")
    degrade(broken_off, FLOWS, agent="writer", error="ModelRefused")
    assert [type(entry.body) for entry in broken_off.entries()] == [Request, Failure, Routed, Answer]


def test_after_a_restart_it_answers_again_and_an_agent_s_answer_is_no_degraded_one() -> None:
    at = line()
    degrade(at, FLOWS, agent="writer", error="ModelRefused")
    write(at, "", Restarted(turns=("writer",), by="ada", attempt=1))
    write(at, "writer", Answer(value={"text": "Hello!"}))
    assert not summarise(at.entries()).degraded
    write(at, "", Restarted(turns=("writer",), by="ada", attempt=1))
    degrade(at, FLOWS, agent="writer", error="ModelRefused")
    assert summarise(at.entries()).degraded


@pytest.mark.parametrize("workflow", ["mute", "unknown"])
def test_without_a_text_there_is_no_answer(workflow: str) -> None:
    with pytest.raises(NoAnswer, match=f"workflow {workflow} declares no degraded answer"):
        degrade(line(workflow), FLOWS, agent="writer", error="ModelRefused")


def test_a_run_that_nobody_started_is_refused() -> None:
    with pytest.raises(InputRejected):
        degrade(Mainline(journal=MemoryJournal(), branch=BRANCH, clock=ManualClock()), FLOWS, agent="writer", error="X")
