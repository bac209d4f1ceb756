"""A run in figures and names, of its journal and its record."""

from collections.abc import Sequence
from copy import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Branched,
    Entry,
    Erased,
    Failure,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Restarted,
    Routed,
    ToolIntent,
)
from septet.core.runs import Run
from septet.core.summaries import Summary
from septet.local.summaries import MemorySummaries
from septet.observability import summaries
from septet.observability.places import Place
from septet.observability.summaries import AGENTS, Digests, State
from tests.unit.observability.diary import Diary
from tests.unit.strategies import bodies

RUN = Run(tenant="acme", run="run-1", workflow="support", submitter="ann", digest="d", created_at=500, budget=200)
ENDED = replace(RUN, status="succeeded", ended_at=30_000)
FAILED = replace(ENDED, status="failed", error="ToolFailed", message="secret")
REQUEST = Request(workflow="support", input={"message": "secret"}, submitter="ann")
CALL = ModelCall(model="m", step=0)
REPLY = ModelReply(model="m", text="secret", calls=(), stop="end")
INTENT = ToolIntent(call="c", tool="pay", arguments={"card": "secret"}, key="k", reasons=())
ASKED = ApprovalAsked(call="c", tool="pay", arguments={}, approval="apr-1", expires_at=9, reasons=())
GIVEN = ApprovalGiven(call="c", approval="apr-1", decision="approved", by="bob", reason="secret")
SECRET = Failure(error="ToolFailed", message="secret")


def folded(entries: Sequence[Entry], *, run: Run = RUN, path: str = "main") -> State:
    """What entries come to, the state going through JSON between any two."""
    state = summaries.from_json(None)
    for entry in entries:
        state, told = summaries.take(state, Place(run=run, path=path), entry)
        assert told == ()
        state = summaries.from_json(summaries.to_json(state))
    return state


def told(diary: Diary, run: Run = ENDED) -> Summary:
    """What stands of a run when it has ended."""
    held = MemorySummaries()
    Digests(summaries=held).close(run, {path: folded(entries, run=run, path=path) for path, entries in diary.branches.items()})
    found = held.get("acme", "run-1")
    assert found is not None
    return found


def written(*told: tuple[Body, str] | tuple[Body, str, dict[str, Any]]) -> Diary:
    diary = Diary()
    for body, agent, *more in told:
        diary.write(body, agent, **(more[0] if more else {}))
    return diary


def test_a_run_is_told_in_figures() -> None:
    used = {"cost": 20, "input": 5, "output": 7, "cache_read": 11, "cache_write": 13}
    diary = written(
        (REQUEST, ""),
        (CALL, "triage"),
        (REPLY, "triage", used),
        (HandOver(to="refunds", reason="secret"), "triage"),
        (CALL, "refunds"),
        (replace(REPLY, cached=True), "refunds"),
        (ASKED, "refunds"),
        (GIVEN, "refunds", {"at": 12_000}),
        (INTENT, "refunds"),
        (REPLY, "refunds", used),
        (Answer(value="secret"), "refunds"),
    )
    one = told(diary)
    assert (one.workflow, one.submitter, one.status, one.error, one.kind) == ("support", "ann", "succeeded", "", "")
    assert (one.started, one.ended, one.duration, one.working) == (1_000, 30_000, 29_000, 29_000 - 5_000)
    assert (one.model_calls, one.tool_calls, one.approvals, one.hand_overs, one.fallbacks) == (2, 1, 1, 1, 0)
    assert (one.tokens, one.cost, one.budget_share) == ((58, 14), 40, 0.2)
    assert (one.agents, one.failing, one.degraded) == (("triage", "refunds"), "", False)
    assert "secret" not in repr(one)


def test_a_failure_is_told_with_its_kind_and_the_agent_that_failed() -> None:
    diary = written((REQUEST, ""), (REPLY, "triage"), (SECRET, "refunds"))
    one = told(diary, FAILED)
    assert (one.error, one.kind, one.failing) == ("ToolFailed", "tool", "refunds")
    assert "secret" not in repr(one)


def test_who_took_over_has_not_failed() -> None:
    diary = written((SECRET, "refunds"), (Routed(purpose="take_over", of="refunds", to="writer", error="ToolFailed", rationale=""), ""))
    assert (told(diary, FAILED).failing, told(diary, FAILED).fallbacks) == ("refunds", 1)
    diary.write(REPLY, "writer")
    assert told(diary, FAILED).failing == "writer", "the last that worked, where none failed"
    assert told(diary).failing == ""


def test_another_model_is_a_fallback_and_the_same_again_is_none() -> None:
    failed = ModelFailed(model="m", error="ModelThrottled", message="secret")
    diary = written((CALL, "a"), (failed, "a"), (CALL, "a"), (failed, "a"), (replace(CALL, model="other"), "a"), (CALL, "a"))
    assert told(diary).fallbacks == 1


def test_a_prepared_answer_is_told_as_one() -> None:
    degrade = Routed(purpose="degrade", of="", to="", error="ToolFailed", rationale="")
    diary = written((degrade, ""), (Answer(value="sorry"), ""))
    assert (told(diary).degraded, told(diary).fallbacks) == (True, 1)
    diary.write(Answer(value="after all"), "writer")
    assert told(diary).degraded is False


def test_branches_are_one_run_whose_agents_stand_where_it_parted() -> None:
    diary = written(
        (REQUEST, ""),
        (REPLY, "planner", {"cost": 1}),
        (Branched(step="s", paths=("s-0", "s-1"), share=1), ""),
        (REPLY, "reader", {"path": "s-0", "cost": 2}),
        (SECRET, "checker", {"path": "s-1", "cost": 4}),
        (REPLY, "writer", {"cost": 8}),
    )
    one = told(diary, replace(FAILED, paths=("s-0", "s-1")))
    assert (one.agents, one.cost, one.model_calls, one.failing) == (("planner", "reader", "checker", "writer"), 15, 3, "checker")


def test_a_restart_begins_anew_but_for_what_was_used() -> None:
    diary = written((REQUEST, ""), (REPLY, "a", {"cost": 3}), (ASKED, "a"), (GIVEN, "a"), (SECRET, "a"))
    first = told(diary, FAILED)
    diary.write(Restarted(turns=("a",), by="bob", attempt=1), at=50_000)
    diary.write(REPLY, "a", cost=4)
    second = told(diary, replace(ENDED, attempt=1, ended_at=60_000))
    assert (first.failing, first.duration, first.working) == ("a", 29_000, 28_000)
    assert (second.cost, second.model_calls, second.duration, second.working) == (7, 2, 10_000, 10_000)
    assert second.rank > first.rank


def test_what_a_fork_took_over_is_its_origins() -> None:
    diary = written((REQUEST, ""), (REPLY, "a", {"cost": 3}), (REPLY, "b", {"cost": 4}))
    one = told(diary, replace(ENDED, copied=(("main", 2),)))
    assert (one.cost, one.model_calls, one.agents) == (4, 1, ("b",))


def test_while_it_goes_on_each_portion_replaces_the_one_before() -> None:
    held, diary = MemorySummaries(), written((REQUEST, ""), (REPLY, "a", {"cost": 3}))
    digests = Digests(summaries=held)
    early = folded(diary.read())
    diary.write(REPLY, "a", cost=4)
    late = folded(diary.read())
    for state in (early, late, late, early):
        digests.keep(Place(run=RUN), state)
    one = held.get("acme", "run-1")
    assert one is not None
    assert (one.cost, one.model_calls, one.status, one.ended, one.duration) == (7, 2, "running", None, None)


def test_a_run_that_was_refused_did_not_end() -> None:
    assert summaries.summary(replace(RUN, status="refused", ended_at=5, error="Overloaded"), {}).ended is None


@given(st.lists(st.tuples(bodies, st.sampled_from(["", "a", "b"]), st.integers(0, 10**6)), max_size=30), st.integers(0, 30))
def test_any_journal_has_a_summary_and_a_gap_costs_no_money(entries: list[tuple[Body, str, int]], erased: int) -> None:
    diary = Diary()
    for body, agent, cost in entries:
        diary.write(body, agent, cost=cost)
    found = diary.read() if entries else []
    gapped = [replace(entry, body=Erased()) if entry.number == erased else entry for entry in found]
    states = folded(found), folded(gapped)
    assert states[0].part.cost == states[1].part.cost == sum(cost for _, _, cost in entries)
    assert states[0].part.through == len(entries) - 1
    assert len(states[0].part.agents) <= AGENTS


def test_a_state_stays_small() -> None:
    diary = Diary()
    for number in range(300):
        diary.write(replace(ASKED, approval=f"apr-{number}"), f"agent-{number}")
    state = folded(diary.read())
    assert (len(state.asked), len(state.part.agents), state.part.approvals) == (summaries.OPEN, AGENTS, 300)


def test_questions_that_are_open_at_the_same_time_are_one_wait() -> None:
    names = ("c-1", "c-2", "c-3")
    asked = [(replace(ASKED, approval=name), "a") for name in names]
    diary = written((REQUEST, ""), *asked, *((replace(GIVEN, approval=name), "a") for name in names))
    assert told(diary).parts["main"].waited == 5_000
    for body in (ASKED, GIVEN):
        diary.write(body, "a")
    assert told(diary).parts["main"].waited == 6_000
