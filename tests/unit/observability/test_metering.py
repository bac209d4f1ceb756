"""What a run's entries are measured as."""

from collections import Counter
from copy import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Entry,
    Failure,
    Forked,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Restarted,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import Branch, Head, Pen
from septet.core.money import Usage
from septet.core.runs import Run
from septet.local.journal import MemoryJournal
from septet.observability import metering
from septet.observability.measures import METRICS, Measure
from septet.observability.metering import ATTEMPTS, OPEN, Metering, State
from septet.observability.places import Place
from tests.unit.strategies import bodies

METERING = Metering(tools={"pay"}, models={"m", "n"}, agents={"refunds"})
RUN = Run(tenant="acme", run="run-1", workflow="support", submitter="ann", digest="d", created_at=500, budget=2_000)
REQUEST = Request(workflow="support", input={"message": "secret"}, submitter="ann")
REPLY = ModelReply(model="m", text="secret", calls=(), stop="end")
INTENT = ToolIntent(call="c", tool="pay", arguments={"card": "secret"}, key="k", reasons=())
RESULT = ToolResult(call="c", tool="pay", value="secret")
ASKED = ApprovalAsked(call="c", tool="pay", arguments={}, approval="apr-1", expires_at=9, reasons=())


def given_(decision: str) -> ApprovalGiven:
    return ApprovalGiven(call="c", approval="apr-1", decision=decision, by="bob", reason="secret")


def played(
    *bodies: Body | tuple[Body, dict[str, Any]], run: Run = RUN, path: str = "main", told_before: int = 0
) -> tuple[State, list[Measure]]:
    """What entries a second apart come to, the state going through JSON between any two."""
    now = iter(range(1_000, 1_000_000, 1_000))
    pen = Pen(journal=MemoryJournal(), branch=Branch(tenant="acme", run="run-1", path=path), clock=lambda: next(now), head=Head(), turn="t")
    state, told = METERING.from_json(None), list[Measure]()
    for one in bodies:
        body, more = one if isinstance(one, tuple) else (one, {})
        state, found = METERING.take(state, Place(run=run, path=path, told=told_before), write(pen, body, **more))
        state = METERING.from_json(METERING.to_json(state))
        told += found
    return state, told


def write(pen: Pen, body: Body, *, turn: str = "t", **more: Any) -> Entry:
    pen.turn = turn
    return pen.write(body, **more)


def values(told: list[Measure]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for one in told:
        found[one.metric, "/".join(one.dimensions.values())] += one.value  # type: ignore[assignment]  # figures may be parts
    return found


def test_a_model_call_is_measured_by_its_model() -> None:
    used = {"usage": Usage(input=5, output=7, cache_read=11, cache_write=13), "cost": 250_000}
    _, told = played(REQUEST, ModelCall(model="m", step=0), (REPLY, used))
    assert values(told) == {
        ("RunsStarted", "support"): 1,
        ("ModelCalls", "m"): 1,
        ("ModelCost", "m"): 0.25,
        ("ModelLatency", "m"): 1_000,
        ("TokensIn", "m"): 29,
        ("TokensOut", "m"): 7,
        ("TokensCached", "m"): 11,
    }


def test_a_call_that_failed_has_an_error_and_no_latency() -> None:
    _, told = played(REQUEST, ModelCall(model="m", step=0), ModelFailed(model="m", error="ModelThrottled", message="secret"))
    assert values(told)["ModelErrors", "m/ModelThrottled"] == 1
    assert not [one for one in told if one.metric == "ModelLatency"]


def test_a_reply_of_the_cache_is_a_hit_and_no_call() -> None:
    state, told = played(REQUEST, ModelReply(model="m", text="", calls=(), stop="end", cached=True))
    assert values(told) == {("RunsStarted", "support"): 1, ("CacheHits", "m"): 1}
    assert state.now.steps == 0


def test_what_the_gateway_did_and_why_is_counted() -> None:
    denied = ToolResult(call="d", tool="whatever the model wrote", error="PolicyDenied")
    failed = ToolResult(call="c", tool="pay", error="ToolFailed")
    _, told = played(REQUEST, INTENT, RESULT, denied, INTENT, failed)
    found = values(told)
    assert found["PolicyDecisions", "allowed"] == 2
    assert found["PolicyDecisions", "denied"] == 1
    assert found["ToolCalls", "pay"] == 2
    assert found["ToolErrors", "pay/ToolFailed"] == 1
    assert found["ToolLatency", "pay"] == 2_000


def test_a_tool_that_nobody_intended_is_no_dimension() -> None:
    _, told = played(REQUEST, ToolResult(call="d", tool="a name that a model made up", error="ToolFailed"))
    assert not [one for one in told if "tool" in one.dimensions]


def test_waits_for_people_are_measured_and_taken_from_the_working_time() -> None:
    state, told = played(REQUEST, ASKED, given_("approved"), INTENT, RESULT)
    assert values(told)["ApprovalWait", "support"] == 1_000
    assert values(told)["PolicyDecisions", "asked"] == 1
    ended = replace(RUN, status="succeeded", ended_at=11_000)
    found = values(list(METERING.ended({"main": state}, ended, 0)))
    assert found["RunDuration", "support"] == 10_000
    assert found["RunWorking", "support"] == 9_000


def test_a_question_that_nobody_answered_has_expired() -> None:
    _, told = played(REQUEST, ASKED, given_("expired"))
    assert values(told)["ApprovalsExpired", "support"] == 1


def test_hand_overs_and_choices_are_counted() -> None:
    routed = Routed(purpose="take_over", of="a", to="b", error="ModelUnavailable", rationale={"secret": 1})
    _, told = played(REQUEST, HandOver(to="refunds", reason="secret"), routed)
    assert values(told)["HandOvers", "refunds"] == 1
    assert values(told)["Fallbacks", "take_over"] == 1


def test_the_end_of_a_run_sums_its_branches_up_once() -> None:
    main, _ = played(REQUEST, ModelCall(model="m", step=0), (REPLY, {"cost": 300}))
    other, told = played(REQUEST, ModelCall(model="m", step=0), (REPLY, {"cost": 700}), path="a")
    assert not [one for one in told if one.metric == "RunsStarted"], "a branch is no run"
    failed = replace(RUN, status="failed", error="BudgetExhausted", ended_at=5_000)
    states = {"main": main, "a": other}
    assert values(list(METERING.ended(states, failed, 0))) == {
        ("RunsEnded", "support"): 1,
        ("RunsSucceeded", "support"): 0,
        ("RunFailures", "support/BudgetExhausted"): 1,
        ("RunDuration", "support"): 4_000,
        ("RunWorking", "support"): 4_000,
        ("RunCost", "support"): 0.001,
        ("RunSteps", "support"): 2,
        ("BudgetUsed", "support"): 50,
    }
    assert not METERING.ended(states, failed, 1)
    assert not METERING.ended(states, RUN, 0)


def test_a_restart_begins_anew() -> None:
    state, _ = played(REQUEST, ASKED, Restarted(turns=("t",), by="ann", attempt=1))
    assert (state.now.began, dict(state.opened), state.now.waited) == (3_000, {}, 0)


def test_what_a_fork_took_over_is_its_origins() -> None:
    fork = replace(RUN, copied=(("main", 2),))
    _, told = played(REQUEST, INTENT, RESULT, run=fork)
    assert not [one for one in told if one.metric in {"RunsStarted", "ToolCalls"}]


@given(st.lists(bodies, max_size=30))
def test_whatever_comes_measures_are_as_the_list_has_them_and_the_state_stays_small(found: list[Body]) -> None:
    state, told = played(*found)
    assert all(tuple(one.dimensions) == METRICS[one.metric].dimensions and one.value >= 0 for one in told)
    assert len(state.opened) <= OPEN


def test_a_model_that_asks_for_more_than_there_is_room_for_outgrows_nothing() -> None:
    state, _ = played(*(replace(INTENT, call=str(number)) for number in range(OPEN + 50)))
    assert len(state.opened) == OPEN


def test_questions_that_are_open_at_the_same_time_are_one_wait() -> None:
    asked = {name: replace(ASKED, approval=name) for name in "abcd"}
    decided = {name: replace(given_("approved"), approval=name) for name in "abcd"}
    together = (asked["a"], asked["b"], decided["a"], asked["c"], decided["b"], decided["c"])
    state, _ = played(REQUEST, *together, REPLY, asked["d"], decided["d"])
    assert state.now.waited == 5_000 + 1_000


def restarted(attempt: int) -> Restarted:
    return Restarted(turns=("t",), by="ann", attempt=attempt)


def test_what_a_restarted_run_took_is_told_once_in_all() -> None:
    paid = (REPLY, {"cost": 300})
    first, _ = played(REQUEST, paid)
    second, _ = played(REQUEST, paid, restarted(1), (REPLY, {"cost": 500}))
    failed = replace(RUN, status="failed", error="ToolFailed", ended_at=3_000)
    again = replace(failed, status="succeeded", attempt=1, restarted_at=2_500, ended_at=9_000)
    told = [*METERING.ended({"main": first}, failed, 0), *METERING.ended({"main": second}, again, 1)]
    found = values(told)
    assert round(found["RunCost", "support"], 6) == 0.0008
    assert found["BudgetUsed", "support"] == 40
    assert found["RunSteps", "support"] == 2
    assert [one.value for one in told if one.metric == "RunDuration"] == [2_000, 6_000]


def test_another_branch_is_counted_by_attempts_too() -> None:
    again = replace(RUN, attempt=1, restarted_at=2_500, status="succeeded", ended_at=9_000)
    other, _ = played((REPLY, {"cost": 300}), (REPLY, {"cost": 300}), (REPLY, {"cost": 500}), run=again, path="b")
    assert [(one.number, one.cost) for one in (*other.before, other.now)] == [(0, 600), (1, 500)]


def test_an_attempt_that_was_followed_at_once_is_told_with_the_next() -> None:
    lost = Failure(error="ToolFailed", message="secret")
    state, _ = played(REQUEST, (lost, {"cost": 300}), restarted(1), restarted(2), Answer(value="secret"))
    run = replace(RUN, status="succeeded", attempt=2, ended_at=9_000)
    told = list(METERING.ended({"main": state}, run, 0))
    found = values(told)
    assert (found["RunsEnded", "support"], found["RunsSucceeded", "support"], found["RunCost", "support"]) == (3, 1, 0.0003)
    assert (found["RunFailures", "support/ToolFailed"], found["RunFailures", "support/Lost"]) == (1, 1)
    assert [one.value for one in METERING.ended({"main": state}, run, 2) if one.metric == "RunsEnded"] == [1]


def test_an_attempt_that_began_after_the_record_was_read_has_not_ended() -> None:
    state, _ = played(REQUEST, restarted(1))
    stale = replace(RUN, status="failed", error="ToolFailed", ended_at=1_500)
    assert values(list(METERING.ended({"main": state}, stale, 0)))["RunsEnded", "support"] == 1


def test_attempts_are_forgotten_once_they_were_told_and_when_there_are_too_many() -> None:
    bodies: list[Body] = [REQUEST, *(restarted(number) for number in range(1, 50))]
    many, _ = played(*bodies)
    few, _ = played(*bodies, told_before=48)
    assert len(many.before) == ATTEMPTS
    assert [one.number for one in few.before] == [48]


def test_another_model_after_a_failure_is_a_fallback_and_the_same_again_is_none() -> None:
    call, failed = ModelCall(model="m", step=0), ModelFailed(model="m", error="ModelThrottled", message="")
    other = replace(call, model="n")
    _, told = played(REQUEST, call, failed, call, failed, other, replace(REPLY, model="n"), call, failed, (other, {"turn": "u"}))
    assert values(told)["Fallbacks", "model"] == 1


def test_who_is_chosen_first_stands_in_for_nobody() -> None:
    routed = [
        Routed(purpose=purpose, of="s", to="a", error="", rationale="") for purpose in ("skill", "pool", "first", "secret", "degrade")
    ]
    _, told = played(REQUEST, *routed)
    assert [dict(one.dimensions) for one in told if one.metric == "Fallbacks"] == [{"purpose": "degrade"}]


def test_a_fork_starts_as_it_ends() -> None:
    forked = Forked(run="run-0", at=1, overrides={}, by="ann")
    run = replace(RUN, copied=(("main", 2), ("b", 1)))
    state, told = played(REQUEST, REPLY, forked, run=run)
    assert values(told) == {("RunsStarted", "support"): 1}
    assert state.now.began == 3_000
    assert not played(REQUEST, forked, run=run, path="b")[1]


def test_what_somebody_worded_is_no_dimension() -> None:
    secret = "what a customer said"
    state, told = played(
        REQUEST,
        ModelCall(model=secret, step=0),
        ModelFailed(model=secret, error=secret, message=secret),
        replace(INTENT, tool=secret),
        replace(RESULT, tool=secret, error=secret),
        HandOver(to=secret, reason=secret),
        Failure(error=secret, message=secret),
    )
    told += METERING.ended({"main": state}, replace(RUN, status="failed", error=secret, ended_at=9_000), 0)
    found = values(told)
    assert secret not in repr(told)
    assert found["ToolCalls", "other"] == found["ToolErrors", "other/other"] == found["ModelErrors", "other/other"] == 1
    assert found["RunFailures", "support/other"] == found["HandOvers", "other"] == 1


@pytest.mark.parametrize("error", ["ToolFailed", "States.Timeout", "Lambda.TooManyRequestsException", "Lost", "ExecutionLost"])
def test_classes_that_are_known_are_named(error: str) -> None:
    found = values(list(METERING.ended({}, replace(RUN, status="failed", error=error, ended_at=9_000), 0)))
    assert found["RunFailures", f"support/{error}"] == 1


def test_every_metric_in_the_list_is_told_by_somebody() -> None:
    text = "".join(path.read_text() for path in Path(metering.__file__).parents[1].rglob("*.py") if path.name != "measures.py")
    assert [name for name in METRICS if f'"{name}"' not in text] == []
