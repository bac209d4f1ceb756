from typing import Any

import pytest
from rich.console import Console

from local.cli import run_views
from local.cli.story import Failed, Line, Story, Tone
from local.cli.voices import ordinal
from tests.unit.local.cli.fake_api import entry

CALL = {"id": "1", "tool": "find_order", "arguments": {"order_id": "A-1"}}
ANSWER = {"id": "2", "tool": "answer", "arguments": {"route": "orders"}}


PLANNING = {"id": "3", "tool": "commit_plan", "arguments": {"steps": []}}
PLAN: dict[str, Any] = {
    "steps": [
        {"name": "find_order", "tool": "find_order", "uses": 1, "slots": {"order_id": {"constant": "A-1"}}},
        {
            "name": "pay",
            "tool": "issue_refund",
            "uses": 3,
            "slots": {"order_id": {"from": "find_order", "field": "order_id"}, "amount": {"extract": "sum"}, "reason": {"free": True}},
        },
    ],
    "extractions": [{"name": "sum", "step": "request", "field": "message", "kind": "amount", "question": "How much?"}],
}
PLANNED = (
    "find_order order_id=A-1; pay: issue_refund order_id=find_order.order_id amount=<sum> reason=<any> (up to 3 times); "
    "<sum>: a model without tools reads amount out of request.message"
)


PARTED = {"step": "s", "paths": ["s-0", "s-1", "s-2"], "share": 150_000}
CONFLICT = {"key": "opened_on", "values": [{"value": "3 June", "by": ["s-0"]}, {"value": 1987, "by": ["s-1", "s-2"]}]}
PUT_TOGETHER: dict[str, Any] = {
    "step": "s",
    "method": "all",
    "paths": ["s-0", "s-1", "s-2"],
    "winner": "",
    "rationale": {},
    "value": {"findings": {}, "conflicts": [CONFLICT]},
    "missing": {},
}
VOTED = PUT_TOGETHER | {"method": "vote", "winner": "s-1", "value": "x", "missing": {"s-2": "ModelUnavailable"}}


def told(kind: str, agent: str = "orders", /, **body: Any) -> Line | None:
    return Story().tell(entry(0, 0, kind, agent, **body))


@pytest.mark.parametrize(
    ("line", "who", "verb", "what", "tone"),
    [
        (told("request", "", workflow="s", input={"m": "a b"}, submitter="eve"), "eve", "asks", 'm="a b"', Tone.CALM),
        (told("model_reply", calls=[CALL, ANSWER], text="", stop="tools"), "orders", "wants", "find_order order_id=A-1", Tone.CALM),
        (told("planned", plan=PLAN), "orders", "plans", PLANNED, Tone.CALM),
        (told("planned", plan={"steps": [], "extractions": []}), "orders", "plans", "to call nothing", Tone.CALM),
        (told("tool_intent", tool="find_order", reasons=["it only reads"]), "gateway", "allows", "find_order: it only reads", Tone.CALM),
        (told("tool_intent", tool="t", reasons=["a, b", "c"]), "gateway", "allows", "t: a, b; c", Tone.CALM),
        (told("approval_asked", tool="t", arguments={"n": 1}, reasons=["a", "b"]), "gateway", "asks you", "t n=1: a; b", Tone.WAIT),
        (told("tool_result", tool="t", value=[1], error="", repeated=True), "t", "returns", "(it had happened before) [1]", Tone.CALM),
        (told("tool_result", tool="t", error="PolicyDenied", message="no"), "gateway", "denies", "PolicyDenied: no", Tone.BAD),
        (told("tool_result", tool="t", error="ToolTimedOut", message="10 s"), "t", "fails", "ToolTimedOut: 10 s", Tone.BAD),
        (told("approval_given", decision="approved", by="desk", reason=""), "desk", "approves", "(no reason given)", Tone.GOOD),
        (told("approval_given", decision="rejected", by="desk", reason="no"), "desk", "rejects", "no", Tone.BAD),
        (told("approval_edited", by="desk", arguments={"amount": 5}), "desk", "changes", "amount=5", Tone.WAIT),
        (told("approval_given", decision="expired", by="", reason=""), "nobody", "expired", "(no reason given)", Tone.BAD),
        (told("hand_over", to="writer", reason="done"), "orders", "hands to", "writer: done", Tone.CALM),
        (told("note", kind="repair", text="Call answer."), "orders", "is told", "Call answer.", Tone.WAIT),
        (told("model_failed", model="m", error="ModelThrottled", message="x"), "orders", "meets", "m: ModelThrottled: x", Tone.WAIT),
        (told("answer", value={"text": "Hello"}), "orders", "answers", "Hello", Tone.GOOD),
        (told("answer", value={"found": True, "n": 1}), "orders", "answers", "found=true n=1", Tone.GOOD),
        (told("branched", "", **PARTED), "septet", "parts", "the work into 3 branches, s-0 to s-2, with $0.150000 each", Tone.CALM),
        (
            told("resolved", "", **PUT_TOGETHER),
            "septet",
            "resolves",
            '3 of 3 branches by all; opened_on is contradicted: "3 June" (s-0) or 1987 (s-1, s-2)',
            Tone.CALM,
        ),
        (
            told("resolved", "", **VOTED),
            "septet",
            "resolves",
            "2 of 3 branches by vote; s-2 is missing: ModelUnavailable; s-1 stands",
            Tone.WAIT,
        ),
        (told("failure", "", error="RunStopped", message="by eve"), "septet", "fails", "RunStopped: by eve", Tone.BAD),
        (told("stop", "", by="eve", reason="enough"), "eve", "stops it", "enough", Tone.BAD),
    ],
)  # fmt: skip
def test_each_entry_says_who_does_what(line: Line | None, who: str, verb: str, what: str, tone: Tone) -> None:
    assert line == Line(at=0, who=who, verb=verb, what=what, tone=tone)


def test_a_plan_is_told_once_and_whole() -> None:
    assert told("model_reply", calls=[PLANNING], text="", stop="tools") is None
    line = told("planned", plan=PLAN)
    assert line
    console = Console(width=60)
    with console.capture() as shown:
        console.print(run_views.line(line))
    assert "request.message" in shown.get()
    assert "…" not in shown.get()


def test_a_reply_that_only_answers_is_told_by_the_answer_which_carries_its_cost() -> None:
    story = Story()
    assert story.tell(entry(0, 10, "model_call", "triage", model="m", step=0)) is None
    assert story.tell(entry(1, 11, "model_reply", "triage", cost=412, calls=[ANSWER], text="", stop="tools")) is None
    line = story.tell(entry(2, 11.5, "answer", "triage", value={"route": "orders"}))
    assert line
    assert (line.cost, line.at) == ("$0.000412", 1.5)
    after = story.tell(entry(3, 12, "failure", "triage", error="x", message="y"))
    assert after
    assert not after.cost


@pytest.mark.parametrize(
    ("one", "now"),
    [
        (entry(0, 0, "model_call", "orders", model="haiku", step=0), "orders asks haiku"),
        (entry(0, 0, "tool_intent", tool="find_order", reasons=[]), "find_order runs"),
        (entry(0, 0, "stop", by="eve", reason=""), "the workflow goes on"),
    ],
)
def test_what_is_going_on_is_known_between_two_lines(one: dict[str, Any], now: str) -> None:
    story = Story()
    story.tell(one)
    assert story.now == now


def whats(*entries: dict[str, Any]) -> list[str]:
    """What the lines of one story say."""
    story = Story()
    return [line.what for one in entries if (line := story.tell(one))]


def asked(model: str) -> dict[str, Any]:
    return entry(0, 0, "model_call", "orders", model=model, step=0)


def replied(model: str, *, cached: bool = False, calls: tuple[dict[str, Any], ...] = (CALL,)) -> dict[str, Any]:
    return entry(0, 0, "model_reply", "orders", model=model, calls=list(calls), text="", stop="tools", cached=cached)


def broke(model: str, message: str, cost: int = 0) -> dict[str, Any]:
    return entry(0, 0, "model_failed", "orders", cost=cost, model=model, error="ModelUnavailable", message=message)


def test_the_model_is_named_where_it_is_not_the_one_asked_first_or_the_one_before() -> None:
    said = whats(asked("m"), replied("m"), broke("m", "x"), asked("n"), replied("n"), replied("m"), replied("m"))
    wants = "find_order order_id=A-1"
    assert said == [wants, "m: ModelUnavailable: x", f"(by n) {wants}", f"(by m) {wants}", wants]


def test_a_remark_about_a_reply_that_only_answers_stands_at_the_answer() -> None:
    answer = entry(0, 0, "answer", "orders", value={"text": "Hello"})
    assert whats(asked("m"), replied("n", cached=True, calls=(ANSWER,)), answer, answer) == ["(by n) (from the cache) Hello", "Hello"]


def test_a_long_error_is_told_once_and_then_counted() -> None:
    long = "the model does not answer " * 4
    cut = long * 3
    end = entry(0, 0, "failure", "orders", error="ModelUnavailable", message=cut)
    assert whats(broke("m", cut), broke("m", cut), broke("n", cut[:-9]), broke("m", cut), end) == [
        f"m: ModelUnavailable: {cut}",
        "m: ModelUnavailable: as said above, for the 2nd time",
        "n: ModelUnavailable: as said above",
        "m: ModelUnavailable: as said above, for the 3rd time",
        "ModelUnavailable: as said above",
    ]


def test_how_often_is_counted_as_people_do() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th",
    ]  # fmt: skip


def test_failed_calls_are_counted_with_what_they_cost() -> None:
    story = Story()
    for one in (broke("m", "x", cost=3), replied("m"), broke("m", "x", cost=4)):
        story.tell(one)
    assert story.failed == Failed(calls=2, cost=7)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"text": "So it was."}, "So it was."),
        ({"text": "So [a].\nYes.", "sources": ["a", "b"], "gaps": []}, "So [a].\nYes.\n\nsources: a, b"),
        ({"text": "So.", "gaps": [{"branch": "s-0", "why": "too late"}], "n": 3}, 'So.\n\ngaps: branch=s-0 why="too late"\nn: 3'),
        ({"found": True}, "found=true"),
        ("So.", "So."),
    ],
)
def test_an_answer_is_shown_with_its_words_first(value: Any, shown: str) -> None:
    assert run_views.answer(value) == shown
