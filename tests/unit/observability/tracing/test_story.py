"""What a trace tells of the things that happen to runs."""

import json
from collections.abc import Sequence
from copy import replace
from typing import Any

from septet.core.entries import (
    LOST,
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Body,
    Branched,
    Entry,
    Failure,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Resolved,
    Restarted,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import Branch, Head, Pen
from septet.core.money import Usage
from septet.core.traces import of_attempt, of_entry
from septet.local.journal import MemoryJournal
from septet.observability.places import Place
from septet.observability.spans import Span
from septet.observability.tracing.state import OPEN_BEFORE, State
from tests.unit.observability.tracing.stories import RUN, TRACES, Story, folded

START = RUN.created_at
ASKED = Request(workflow="support", input={}, submitter="s", trace=RUN.trace)
CALL = ModelCall(model="m", step=0)
REPLY = ModelReply(model="m", text="", calls=(), stop="tools")


def written(*entries: tuple[int, str, Body], path: str = "main") -> list[Entry]:
    """A branch of entries, each with when it was written and in which agent's turn."""
    journal, branch = MemoryJournal(), Branch(tenant=RUN.tenant, run=RUN.run, path=path)
    clock = iter([START + now for now, _, _ in entries])
    pen = Pen(journal=journal, branch=branch, clock=lambda: next(clock), head=Head())
    for _, who, body in entries:
        pen.agent = pen.turn = who
        usage = Usage(input=90, cache_read=10, output=5) if isinstance(body, ModelReply) else None
        pen.write(body, usage=usage, cost=7 if usage else 0)
    return list(journal.read(branch))


def told(main: list[Entry], ended: int, branches: dict[str, list[Entry]] | None = None, **rest: Any) -> list[Span]:
    run = replace(RUN, **{"status": "succeeded", "ended_at": START + ended} | rest)
    return list(folded(Story(run=run, branches={"main": main, **(branches or {})})).values())


def named(spans: Sequence[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


def times(span: Span) -> tuple[int, int]:
    return span.start - START, span.end - START


def relations(span: Span) -> list[tuple[str, object]]:
    return [(link.span, link.attributes["septet.relation"]) for link in span.links]


def test_a_call_of_a_model_says_what_was_used_and_why_it_stopped() -> None:
    spans = told(written((0, "", ASKED), (2, "clerk", CALL), (9, "clerk", REPLY), (10, "clerk", Answer(value={}))), 12)
    chat, turn, root = named(spans, "chat m"), named(spans, "invoke_agent clerk"), named(spans, "invoke_workflow support")
    assert times(chat) == (2, 9)
    assert times(turn) == (0, 10), "its work began when the entry before was written"
    assert times(root) == (0, 12)
    assert chat.kind == "client"
    assert chat.attributes["gen_ai.provider.name"] == "aws.bedrock"
    assert chat.attributes["gen_ai.response.finish_reasons"] == ("tool_call",)
    assert chat.attributes["gen_ai.usage.input_tokens"] == 100, "cached ones are input too"
    assert chat.attributes["gen_ai.usage.cache_read.input_tokens"] == 10
    assert [span.attributes["septet.cost"] for span in (chat, turn, root)] == [7, 7, 7]
    assert root.attributes["septet.status"] == "succeeded"


def test_a_reply_from_the_cache_is_a_call_without_a_length() -> None:
    cached = replace(REPLY, cached=True)
    spans = told(written((0, "", ASKED), (3, "clerk", cached), (4, "clerk", Answer(value={}))), 5)
    assert times(named(spans, "chat m")) == (3, 3)
    assert named(spans, "chat m").attributes["septet.cached"] is True


def test_a_call_whose_caller_was_killed_is_lost_and_the_turn_goes_on() -> None:
    main = written(
        (0, "", ASKED),
        (1, "clerk", CALL),
        (60, "clerk", ModelFailed(model="m", error=LOST, message="")),
        (61, "clerk", CALL),
        (65, "clerk", REPLY),
        (66, "clerk", Answer(value={})),
    )
    spans = told(main, 70)
    lost, said = sorted((span for span in spans if span.name == "chat m"), key=lambda span: span.start)
    assert (times(lost), lost.error, lost.attributes["error.type"]) == ((1, 60), "Lost", "Lost")
    assert (times(said), said.error) == ((61, 65), "")
    assert {lost.parent, said.parent} == {named(spans, "invoke_agent clerk").span}


def test_whoever_takes_over_is_linked_to_whom_they_took_over_from() -> None:
    main = written(
        (0, "", ASKED),
        (1, "triage", HandOver(to="clerk", reason="")),
        (2, "clerk", Failure(error="ModelUnavailable", message="")),
        (3, "", Routed(purpose="take_over", of="clerk", to="boss", error="ModelUnavailable", rationale={})),
        (4, "boss", Answer(value={})),
    )
    spans = told(main, 5)
    triage, clerk, boss = (named(spans, f"invoke_agent {who}") for who in ("triage", "clerk", "boss"))
    assert relations(clerk) == [(triage.span, "hand_over")]
    assert relations(boss) == [(clerk.span, "take_over")]
    assert (clerk.error, boss.error) == ("ModelUnavailable", "")
    assert named(spans, "septet.routed").attributes["septet.to"] == "boss"


def test_whoever_is_chosen_is_linked_to_the_turn_after_which_they_were() -> None:
    main = written(
        (0, "", ASKED),
        (1, "triage", Answer(value={})),
        (2, "", Routed(purpose="skill", of="refunds", to="clerk", error="", rationale={})),
        (3, "clerk", Answer(value={})),
        (4, "boss", Answer(value={})),
    )
    spans = told(main, 5)
    assert relations(named(spans, "invoke_agent clerk")) == [(named(spans, "invoke_agent triage").span, "routed")]
    assert relations(named(spans, "invoke_agent boss")) == []


def test_a_wait_for_a_person_is_a_span_that_the_call_links_to() -> None:
    asked = ApprovalAsked(call="c-1", tool="refund", arguments={}, approval="apr-1", expires_at=0, reasons=())
    given = ApprovalGiven(call="c-1", approval="apr-1", decision="approved", by="boss", reason="")
    main = written(
        (0, "", ASKED),
        (1, "clerk", asked),
        (1_000, "clerk", given),
        (1_001, "clerk", ToolIntent(call="c-1", tool="refund", arguments={}, key="", reasons=())),
        (1_002, "clerk", ToolIntent(call="c-2", tool="find_order", arguments={}, key="", reasons=())),
        (1_007, "clerk", ToolResult(call="c-2", tool="find_order", value={})),
        (1_009, "clerk", ToolResult(call="c-1", tool="refund", error="ToolFailed")),
        (1_010, "clerk", Answer(value={})),
    )
    spans = told(main, 1_010)
    wait, refund, find = (named(spans, name) for name in ("septet.approval", "execute_tool refund", "execute_tool find_order"))
    assert (times(wait), wait.attributes["septet.decision"]) == ((1, 1_000), "approved")
    assert (times(refund), times(find)) == ((1_001, 1_009), (1_002, 1_007)), "they ran at the same time"
    assert relations(refund) == [(wait.span, "approval")]
    assert relations(find) == []
    assert (refund.error, find.error) == ("ToolFailed", "")


def test_what_a_turn_leaves_open_ends_with_it() -> None:
    main = written(
        (0, "", ASKED),
        (1, "clerk", ToolIntent(call="c-1", tool="find_order", arguments={}, key="", reasons=())),
        (5, "clerk", Failure(error="EffectUnknown", message="")),
    )
    spans = told(main, 90)
    assert times(named(spans, "invoke_agent clerk")) == (0, 5)
    assert (times(named(spans, "execute_tool find_order")), named(spans, "execute_tool find_order").error) == ((1, 5), "Lost")


def test_a_branch_is_under_the_run_and_its_turns_under_it() -> None:
    main = written(
        (0, "", ASKED),
        (2, "", Branched(step="r", paths=("r-0", "r-1"), share=1)),
        (9, "", Resolved(step="r", method="vote", paths=("r-0", "r-1"), winner="r-0", value={}, rationale={}, missing={})),
    )
    one = written((1, "", ASKED), (5, "expert", Answer(value={})), path="r-0")
    other = written((1, "", ASKED), (5, "novice", CALL), path="r-1")
    spans = told(main, 20, {"r-0": one, "r-1": other})
    root, left = named(spans, "invoke_workflow support"), named(spans, "septet.branch r-1")
    assert (left.parent, times(left)) == (root.span, (1, 9)), "it ends where the branches are put together"
    expert, novice = named(spans, "invoke_agent expert"), named(spans, "invoke_agent novice")
    assert expert.parent == named(spans, "septet.branch r-0").span == of_entry("acme", "run-1", "r-0", "branch", 0)
    assert (novice.parent, times(novice), times(named(spans, "chat m"))) == (left.span, (1, 9), (5, 9))


def test_a_restart_is_another_root_that_links_to_the_one_before() -> None:
    main = written(
        (0, "", ASKED),
        (1, "clerk", CALL),
        (50, "", Restarted(turns=("clerk",), by="boss", attempt=1)),
        (51, "clerk", ModelFailed(model="m", error=LOST, message="")),
        (52, "clerk", Answer(value={})),
    )
    spans = told(main, 60, attempt=1, restarted_at=START + 49)
    first, second = sorted((span for span in spans if span.name == "invoke_workflow support"), key=lambda span: span.start)
    assert [first.span, second.span] == [of_attempt("acme", "run-1", number) for number in (0, 1)]
    assert relations(second) == [(first.span, "attempt")]
    assert (times(first), first.error) == ((0, 1), "Lost")
    assert (times(second), second.error) == ((50, 60), "")
    assert {first.parent, second.parent} == {"00000000000000aa"}
    turns = sorted((span for span in spans if span.name == "invoke_agent clerk"), key=lambda span: span.start)
    assert [turn.parent for turn in turns] == [first.span, second.span]


def test_attempts_that_were_told_are_not_told_again() -> None:
    main = written((0, "", ASKED), (50, "", Restarted(turns=(), by="boss", attempt=1)), (52, "", Failure(error="RunStopped", message="")))
    run = replace(RUN, attempt=1, restarted_at=START + 49, status="failed", error="RunStopped", ended_at=START + 60)
    state = TRACES.from_json(None)
    for entry in main:
        state, _ = TRACES.take(state, Place(run=run), entry)
    assert [span.span for span in TRACES.ended({"main": state}, run, 1)] == [of_attempt("acme", "run-1", 1)]


def test_a_run_whose_journal_holds_nothing_is_a_root_all_the_same() -> None:
    (root,) = TRACES.ended({}, replace(RUN, status="failed", error="States.Timeout", ended_at=START + 9))
    assert (times(root), root.error) == ((0, 9), "States.Timeout")


def test_what_comes_after_the_end_is_told_within_it() -> None:
    main = written((0, "", ASKED), (1, "clerk", CALL), (30, "clerk", REPLY))
    spans = told(main, 10, status="stopped", error="RunStopped")
    assert times(named(spans, "chat m")) == (1, 10)
    assert times(named(spans, "invoke_agent clerk")) == (0, 10)


def test_a_branch_lasts_as_long_as_somebody_goes_on_in_it() -> None:
    main = written(
        (0, "", ASKED),
        (5, "", Resolved(step="r", method="first", paths=("r-0",), winner="", value={}, rationale={}, missing={})),
    )
    run = replace(RUN, status="succeeded", ended_at=START + 20)
    states, spans = {}, {}
    for path, entries in {"main": main, "r-0": written((1, "", ASKED), (2, "novice", CALL), path="r-0")}.items():
        states[path] = TRACES.from_json(None)
        for entry in entries:
            states[path], said = TRACES.take(states[path], Place(run=run, path=path), entry)
    spans = {span.span: span for span in TRACES.ended(states, run)}
    assert times(named(list(spans.values()), "septet.branch r-0")) == (1, 5)
    late = written((1, "", ASKED), (2, "novice", CALL), (30, "novice", REPLY), path="r-0")[-1]
    _, said = TRACES.take(states["r-0"], Place(run=run, path="r-0"), late)
    spans |= {span.span: span for span in said}
    assert times(named(list(spans.values()), "invoke_agent novice")) == (1, 20)
    assert times(named(list(spans.values()), "septet.branch r-0")) == (1, 20)


def test_the_state_stays_small_however_long_the_turn() -> None:
    results = [(n, "clerk", ToolResult(call=f"c-{n}", tool="find_order", value={})) for n in range(2_000)]
    state = TRACES.from_json(None)
    for entry in written((0, "", ASKED), *results):
        state, spans = TRACES.take(state, Place(run=RUN), entry)
    assert len(spans) == 1
    assert len(repr(TRACES.to_json(state))) < 2_000


def restarted_often(attempts: int, questions: int, told: int = 0) -> tuple[State, list[Span]]:
    """A branch whose every attempt leaves questions open, with the ends of attempts before *told* told."""
    state, spans = TRACES.from_json(None), list[Span]()
    bodies: list[tuple[int, str, Body]] = [(0, "", ASKED)]
    for attempt in range(attempts):
        for number in range(questions):
            asked = ApprovalAsked(call=f"c-{number}", tool="refund", arguments={}, approval=f"apr-{number}", expires_at=0, reasons=())
            bodies.append((attempt, f"clerk-{attempt}", asked))
        bodies.append((attempt, "", Restarted(turns=(), by="ann", attempt=attempt + 1)))
    for entry in written(*bodies):
        state, found = TRACES.take(state, Place(run=RUN, told=told), entry)
        spans += found
    return state, spans


def test_what_is_open_in_attempts_that_are_over_has_a_bound_and_nothing_of_it_is_lost() -> None:
    state, spans = restarted_often(20, 60)
    assert len(state.before) == 20
    assert sum(len(one.open) for one in state.before) == OPEN_BEFORE
    assert len(json.dumps(TRACES.to_json(state))) < 200_000
    ended = TRACES.ended({"main": state}, replace(RUN, status="failed", attempt=20, ended_at=START + 99), 0)
    found = [one.span for one in (*spans, *ended)]
    assert len([one for one in (*spans, *ended) if one.name == "septet.approval"]) == 20 * 60
    assert len(found) == len(set(found))


def test_attempts_whose_end_was_told_are_forgotten() -> None:
    state, spans = restarted_often(20, 60, told=19)
    assert [one.number for one in state.before] == [19]
    assert spans == [], "it was told with the attempts' ends"


def test_an_attempt_that_began_after_the_record_was_read_has_not_ended() -> None:
    state, _ = restarted_often(1, 0)
    stale = replace(RUN, status="failed", error="ToolFailed", ended_at=START + 99)
    roots = [one for one in TRACES.ended({"main": state}, stale, 0) if one.name.startswith("invoke_workflow")]
    assert [one.attributes["septet.attempt"] for one in roots] == [0]


def test_a_tool_that_nobody_declares_is_not_named() -> None:
    words = "whatever the customer said"
    asked = ApprovalAsked(call="c", tool=words, arguments={}, approval="apr-1", expires_at=0, reasons=())
    intent = ToolIntent(call="c", tool=words, arguments={}, key="", reasons=())
    assert words not in repr(told(written((0, "", ASKED), (1, "clerk", asked), (2, "clerk", intent)), 9))


def test_a_model_and_an_agent_that_nobody_declares_are_not_named() -> None:
    words = "whatever the customer said"
    main = written(
        (0, "", ASKED),
        (1, "clerk", replace(CALL, model=words)),
        (2, "clerk", replace(REPLY, model=words)),
        (3, "clerk", ModelFailed(model=words, error="ModelThrottled", message="")),
        (4, "clerk", HandOver(to=words, reason="")),
        (5, "", Routed(purpose="take_over", of="clerk", to=words, error="", rationale={})),
    )
    spans = told(main, 9)
    assert words not in repr(spans)
    assert {one.name for one in spans if one.name.startswith("chat ")} == {"chat other"}
    chat = next(one.attributes for one in spans if one.name == "chat other" and not one.error)
    assert (chat["gen_ai.request.model"], chat["gen_ai.response.model"]) == ("other", "other")
    assert named(spans, "invoke_agent clerk").attributes["septet.to"] == "other"
    assert named(spans, "septet.routed").attributes["septet.to"] == "other"
