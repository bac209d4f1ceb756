"""Each step of a run with its reasons. What a test reads here is what people are told."""

from copy import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import (
    LOST,
    Answer,
    ApprovalAsked,
    ApprovalEdited,
    ApprovalGiven,
    Branched,
    Damaged,
    Entry,
    Erased,
    Failure,
    Forked,
    HandOver,
    Heard,
    Inquired,
    ModelCall,
    ModelFailed,
    ModelReply,
    Note,
    Planned,
    Request,
    Resolved,
    Restarted,
    Routed,
    Stop,
    ToolCall,
    ToolIntent,
    ToolResult,
)
from septet.observability.explaining import explain
from septet.observability.explaining.steps import Step
from tests.unit.observability.diary import Diary
from tests.unit.strategies import branches, quick

REQUEST = Request(workflow="support", input={"message": "pay me"}, submitter="ann")
PAY = ToolCall(id="c-1", tool="issue_refund", arguments={"order": "A-1", "amount": 9000})
ASKS = ModelReply(model="nova", text="", calls=(PAY,), stop="tools")
DONE = ModelReply(model="nova", text="done", calls=(), stop="end")


def call(model: str = "nova", step: int = 0) -> ModelCall:
    return ModelCall(model=model, step=step, reserved=500)


def failed(model: str, error: str = "ModelUnavailable") -> ModelFailed:
    return ModelFailed(model=model, error=error, message="busy")


def reasons(step: Step) -> list[tuple[str, str]]:
    return [(why.by, why.text) for why in step.why]


def told(diary: Diary, *numbers: int) -> list[Step]:
    """The steps that hold these entries of ``main``."""
    steps = explain(diary.branches)
    return [next(step for step in steps if step.path == "main" and number in step.entries) for number in numbers]


def models(*bodies: Any) -> list[Step]:
    """The model calls of a turn of *bodies*."""
    diary = Diary()
    diary.write(REQUEST)
    for body in bodies:
        diary.write(body, "refunds")
    return [step for step in explain(diary.branches) if step.kind == "model"]


def test_a_refund_that_a_person_approved_is_told_with_everybodys_reasons() -> None:
    diary = Diary()
    diary.write(REQUEST, labels={"message": "external"})
    diary.write(call(), "refunds")
    diary.write(ASKS, "refunds", cost=44, input=10, cache_read=5, output=3)
    asked = ApprovalAsked(call="c-1", tool="issue_refund", arguments=PAY.arguments, approval="apr", expires_at=9, reasons=("above 5000",))
    diary.write(asked, "refunds")
    diary.write(ApprovalEdited(call="c-1", approval="apr", arguments={"order": "A-1", "amount": 8000}, by="boss"), "refunds")
    diary.write(ApprovalGiven(call="c-1", approval="apr", decision="approved", by="boss", reason="half is fair"), "refunds")
    why = ("it aims at a record of the principal's own", "approved by boss (asked because: above 5000)")
    intent = ToolIntent(call="c-1", tool="issue_refund", arguments={"order": "A-1", "amount": 8000}, key="k", reasons=why)
    diary.write(intent, "refunds", labels={"order": "prompt", "amount": "unknown"})
    diary.write(ToolResult(call="c-1", tool="issue_refund", value={"refund": "r-1"}), "refunds", labels={"refund": "record"})
    request, model, approval, tool = explain(diary.branches)

    assert (request.kind, request.given, request.given_labels) == ("request", {"message": "pay me"}, {"message": "external"})
    assert reasons(request) == [("caller", "ann asked for a run of support")]
    assert (model.what, model.cost, model.reserved, model.input_tokens, model.output_tokens) == ("nova", 44, 500, 15, 3)
    assert (model.start, model.end, model.entries) == (2000, 3000, (1, 2))
    assert (approval.start, approval.end, approval.fate, approval.by, approval.given["amount"]) == (4000, 6000, "done", "boss", 8000)
    assert reasons(approval) == [
        ("policy", "above 5000"),
        ("person", "boss changed the arguments"),
        ("person", "approved by boss: half is fair"),
    ]
    assert reasons(tool) == [("model", "refunds asked for it (entry 2)"), ("policy", why[0]), ("person", why[1])]
    assert (tool.given_labels["amount"], tool.result_labels, tool.effect, tool.fate) == ("unknown", {"refund": "record"}, "k", "done")


@pytest.mark.parametrize(
    ("error", "by", "fate"),
    [("PolicyDenied", "policy", "denied"), ("InputRejected", "platform", "denied"), ("ToolTimedOut", "tool", "failed")],
)
def test_a_call_that_was_not_made_is_told_with_who_said_no(error: str, by: str, fate: str) -> None:
    diary = Diary()
    diary.write(ASKS, "refunds")
    diary.write(ToolResult(call="c-1", tool="issue_refund", error=error, message="not yours"), "refunds")
    step = told(diary, 1)[0]
    assert reasons(step) == [("model", "refunds asked for it (entry 0)"), (by, f"{error}: not yours")]
    assert (step.fate, step.error) == (fate, error)


def test_an_effect_that_had_happened_is_told_as_the_record_of_it() -> None:
    diary = Diary()
    diary.write(ToolResult(call="c-1", tool="issue_refund", value=1, repeated=True), "refunds")
    assert "nothing was done again" in told(diary, 0)[0].why[-1].text


def test_a_model_that_fails_is_tried_again_and_then_another_stands_in() -> None:
    steps = models(call(), failed("nova"), call(), failed("nova"), call("haiku"), DONE)
    assert [step.fate for step in steps] == ["failed", "failed", "done"]
    assert steps[1].why[0].text == "tried again: ModelUnavailable may pass"
    assert steps[2].why[0].text == "fallback: nova failed with ModelUnavailable"
    assert steps[0].why[-1].text == "ModelUnavailable: busy"


def test_a_step_that_the_workflow_tries_anew_begins_with_its_first_model_again() -> None:
    steps = models(call(), failed("nova"), call("haiku"), failed("haiku"), call(), failed("nova"), call("haiku"), DONE)
    assert "the workflow tried the step anew" in steps[2].why[0].text
    assert steps[3].why[0].text == "fallback: nova failed with ModelUnavailable"


def test_a_call_whose_maker_was_gone_is_told_so_and_so_is_who_took_it_up() -> None:
    lost, again = models(call(), ModelFailed(model="nova", error=LOST, message=""), call(), DONE)
    assert "was gone before it ended" in lost.why[-1].text
    assert again.why[0].text == "another process took the turn up: the call of nova before was lost"


def test_another_model_without_a_failure_is_inferred_to_be_the_breakers_or_the_moneys_doing() -> None:
    steps = models(call(), DONE, call("haiku", 1), DONE)
    assert [why.certain for why in steps[1].why] == [False]
    assert "circuit breaker" in steps[1].why[0].text


def test_a_reply_from_the_cache_has_no_call_and_says_why_it_could_be_given() -> None:
    step = models(replace(DONE, cached=True))[0]
    assert (step.start, step.end) == (2000, 2000)
    assert "no model was called" in step.why[-1].text


def test_a_model_is_asked_again_because_something_came_in() -> None:
    steps = models(call(), ASKS, ToolResult(call="c-1", tool="find_order", value=1), Note(kind="repair", text="Call answer."), call(step=1))
    assert steps[1].why[0].text == "the model is shown find_order, what the platform told it: Call answer."
    assert (steps[1].fate, steps[1].end) == ("open", None)


def test_a_turn_begins_by_a_choice_a_hand_over_a_restart_or_where_the_workflow_goes_on() -> None:
    diary = Diary()
    diary.write(REQUEST)
    diary.write(call(), "triage")
    diary.write(Answer(value={}), "triage")
    rationale = {"why": "the only one", "candidates": {"refunds": {"load": 1}}, "confidence": 95, "least": 60}
    diary.write(Routed(purpose="skill", of="money", to="refunds", error="", rationale=rationale))
    diary.write(call(), "refunds")
    diary.write(HandOver(to="writer", reason="it is paid"), "refunds")
    diary.write(call(), "writer")
    diary.write(Failure(error="ModelUnavailable", message="none"), "writer")
    diary.write(Restarted(turns=("writer",), by="boss", attempt=1))
    diary.write(call(), "writer")
    first, chosen, refunds, handed, writer, again = told(diary, 1, 3, 4, 5, 6, 9)
    assert (first.why[0].text, first.why[0].certain) == ("the workflow has triage begin", False)
    assert [text for _, text in reasons(chosen)] == [
        "refunds has the skill money",
        "the only one",
        "confidence 95, at least 60 is asked for",
        "candidate refunds: load 1",
    ]
    assert reasons(refunds) == [("routing", "refunds has the skill money (entry 3)")]
    assert reasons(handed) == [("model", "it is paid")]
    assert reasons(writer)[:1] == [("model", "refunds handed over to writer (entry 5)")]
    assert reasons(again) == [("person", "boss restarted the run (entry 8)")]


@pytest.mark.parametrize(
    ("to", "rationale", "texts"),
    [
        (
            "spare",
            {"declared_for": "any", "passed_over": {"other": "is stopped"}, "person": False},
            ["refunds declares it for any error", "other is passed over: it is stopped"],
        ),
        ("", {"never": "EffectUnknown", "person": True}, ["a person has to look first: an effect may or may not have happened"]),
        (
            "",
            {"never": "PolicyDenied", "person": False},
            ["nobody takes over after PolicyDenied: another agent would only repeat it, or must not be let near"],
        ),
    ],
)
def test_a_take_over_is_told_with_its_rationale(to: str, rationale: Any, texts: list[str]) -> None:
    diary = Diary()
    diary.write(Routed(purpose="take_over", of="refunds", to=to, error="PolicyDenied", rationale=rationale))
    step = told(diary, 0)[0]
    assert [text for _, text in reasons(step)] == [
        f"{to or 'nobody'} takes over from refunds, which failed with PolicyDenied",
        *texts,
    ]
    assert step.fate == ("done" if to else "failed")


def test_branches_are_told_by_the_time_of_their_steps_and_so_is_how_they_are_put_together() -> None:
    diary = Diary()
    diary.write(REQUEST)
    diary.write(Branched(step="ask", paths=("ask-0", "ask-1"), share=150_000))
    for number in range(2):
        path = f"ask-{number}"
        diary.write(Request(workflow="w", input={"question": "when?"}, submitter="ann"), path=path, labels={"question": "unknown"})
        diary.write(call(), "expert", path=path, cost=7)
    rule = {"rule": "most votes"}
    paths = ("ask-0", "ask-1")
    body = Resolved(step="ask", method="vote", paths=paths, winner="ask-0", value=1, rationale=rule, missing={"ask-1": "NoAnswer"})
    diary.write(body)
    steps = explain(diary.branches)
    assert [step.path for step in steps] == ["main", "main", "ask-0", "ask-0", "ask-1", "ask-1", "main"]
    assert reasons(steps[1]) == [("workflow", "the workflow parts the work into 2 branches with $0.150000 each")]
    assert reasons(steps[2]) == [("workflow", "the branch ask-0 begins with this question")]
    assert reasons(steps[3])[:1] == [("workflow", "the branch begins with its question (entry 0)")]
    assert [text for _, text in reasons(steps[-1])] == [
        "1 of 2 branches are put together by the rule vote",
        "ask-0 stands",
        "ask-1 is missing: NoAnswer",
        "most votes",
    ]


def test_an_inquiry_is_a_wait_with_who_answered() -> None:
    diary = Diary()
    diary.write(Inquired(inquiry="inq", to="supplier", question={"text": "when?"}, expires_at=9))
    diary.write(Heard(inquiry="inq", outcome="answered", value={"days": 3}, by="supplier-7"), labels={"days": "external"})
    step = explain(diary.branches)[0]
    assert (step.kind, step.start, step.end, step.by, step.result, step.result_labels) == (
        "inquiry",
        1000,
        2000,
        "supplier-7",
        {"days": 3},
        {"days": "external"},
    )


def test_what_a_fork_copied_is_its_origins() -> None:
    diary = Diary()
    diary.write(REQUEST)
    diary.write(Forked(run="run-0", at=0, overrides={}, by="ann"))
    diary.write(call(), "refunds")
    assert [step.copied for step in explain(diary.branches)] == [True, False, False]


def test_a_stop_a_plan_and_a_gap_are_told() -> None:
    diary = Diary()
    diary.write(Planned(plan={"steps": []}), "refunds")
    diary.write(Stop(by="eve", reason="enough"))
    whole = diary.read()
    gap, damaged = replace(whole[0], number=2, body=Erased()), replace(whole[0], number=3, body=Damaged())
    steps = explain({"main": [*whole, gap, damaged]})
    assert [(step.kind, step.fate) for step in steps] == [
        ("plan", "done"),
        ("stop", "done"),
        ("unreadable", "gone"),
        ("unreadable", "gone"),
    ]
    assert [step.why[0].text for step in steps[1:]] == [
        "enough",
        "its content was erased",
        "what is stored is no entry: somebody changed it",
    ]


@quick
@given(branches(), branches(), st.integers(0, 8))
def test_every_entry_is_in_exactly_one_step_whose_money_adds_up(main: list[Entry], other: list[Entry], gone: int) -> None:
    main = [replace(entry, body=Erased()) if entry.number == gone else entry for entry in main]
    steps = explain({"main": main, "b": other})
    for path, entries in {"main": main, "b": other}.items():
        own = [step for step in steps if step.path == path]
        assert sorted(number for step in own for number in step.entries) == [entry.number for entry in entries]
        assert [step.number for step in own] == sorted(step.number for step in own)
        assert sum(step.cost for step in own) == sum(entry.cost for entry in entries)
        assert all(step.why for step in own if step.kind not in {"model", "tool", "approval"})


@pytest.mark.parametrize("error", ["PolicyDenied", "InputRejected", "ApprovalExpired"])
def test_a_call_that_was_not_made_has_the_arguments_that_the_model_asked_for(error: str) -> None:
    diary = Diary()
    diary.write(ASKS, "refunds", turn="t-1")
    other = replace(PAY, arguments={"order": "B-2"})
    diary.write(replace(ASKS, calls=(other,)), "refunds", turn="t-2")
    diary.write(ToolResult(call="c-1", tool="issue_refund", error=error, message="no"), "refunds", turn="t-1")
    step = told(diary, 2)[0]
    assert (step.given, step.given_labels) == (PAY.arguments, {}), "of a call that is not made the gateway writes no labels"


def test_a_call_that_was_denied_after_a_person_changed_it_has_what_was_denied() -> None:
    diary = Diary()
    diary.write(ASKS, "refunds")
    diary.write(ApprovalEdited(call="c-1", approval="apr", arguments={"order": "A-1", "amount": 8000}, by="boss"), "refunds")
    diary.write(ToolResult(call="c-1", tool="issue_refund", error="PolicyDenied", message="no"), "refunds")
    assert told(diary, 2)[0].given == {"order": "A-1", "amount": 8000}


def test_a_call_that_failed_and_is_charged_says_why() -> None:
    diary = Diary()
    for cost in (0, 500):
        diary.write(call(), "refunds")
        diary.write(failed("nova"), "refunds", cost=cost)
    free, charged = [step for step in explain(diary.branches) if step.kind == "model"]
    assert [why.by for why in free.why][-1] == "outside"
    assert reasons(charged)[-1] == ("platform", "charged what was held: the provider does not say whether it worked")


@pytest.mark.parametrize(
    ("turns", "told_as"),
    [
        ((), "boss restarted the run: it goes on where it broke off"),
        (("writer",), "boss restarted the run: writer begins again"),
        (("orders", "writer"), "boss restarted the run: orders, writer begin again"),
    ],
)
def test_a_restart_is_told_in_plain_words(turns: tuple[str, ...], told_as: str) -> None:
    diary = Diary()
    diary.write(Restarted(turns=turns, by="boss", attempt=1))
    assert reasons(told(diary, 0)[0]) == [("person", told_as)]
