"""A model that misbehaves in every documented way: what becomes of a run of the support workflow, of its money and of its effects.

All runs are started at once, the two that wait for a silent model first; each test looks at one of them.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest

from septet.core.entries import Entry, ModelFailed, ModelReply, Note, Routed, ToolResult
from septet.core.journal import verify
from septet.execution.replies import TEXT_CHARACTERS
from tests.desk import Desk, plain, until
from tests.faults import books

pytestmark = pytest.mark.timeout(600)
AT_ONCE = 8
PATIENCE = 150
"""Seconds a run may take; the longest waits 55 for a silent model, beside all the others."""
SILENCE = 58
"""Seconds, a little more than a model is waited for."""

type Step = dict[str, Any]


def calls(tool: str, **arguments: Any) -> Step:
    return {"calls": [{"tool": tool, "arguments": arguments}]}


def many(step: Step, times: int) -> Step:
    return {"calls": [call | {"repeat": times} for call in step["calls"]], "usage": {"input": 100, "output": 1_000}}


def spoiled(step: Step, fault: str, *, times: int | None = 1, **rest: Any) -> Step:
    counted = {"times": times} if times else {}
    return step | {"faults": [{"fault": fault, **counted, **rest}]}


LOOK = calls("find_order", order_id="A-1003")
REPORT = calls("answer", found=True, order_id="A-1003", summary="It was delivered.")
PAY = calls("issue_refund", order_id="A-1003", amount_cents=4990, reason="broken")
PAID = calls("answer", decision="paid", order_id="A-1003", amount_cents=4990, summary="Paid.")
WRITE: Step = {"text": "Hello! It was delivered."}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the models say, and what has to come of it."""

    orders: list[Step] = field(default_factory=lambda: [LOOK, REPORT])
    refunds: list[Step] | None = None
    """When given, the refunds agent works instead of orders."""
    instead: list[Step] = field(default_factory=lambda: [LOOK, PAY, PAID])
    """What the agent says that takes a refund over."""
    writer: list[Step] = field(default_factory=lambda: [WRITE])
    error: str = ""
    """The class of the failure after which nobody could answer but the prepared text; empty when an agent answers."""
    path: str = "triage orders writer"
    replies: int = 4
    """Model calls that were needed: those whose replies are in the journal."""
    lost: int = 0
    """Billed model calls of which no reply arrived."""
    failed: frozenset[str] = frozenset()
    """Error classes of the model calls that failed."""
    notes: tuple[str, ...] = ()
    results: tuple[str, ...] = ("",)
    """Errors of the tools' results, in order."""
    paid: int = 0
    shows: Callable[[list[Entry]], bool] = lambda _entries: True
    """Something that the journal of this case has to show besides."""


def once(fault: str, **rest: Any) -> list[Step]:
    """What orders says when its first reply is spoiled once."""
    return [spoiled(LOOK, fault, **rest), REPORT]


def always(fault: str) -> list[Step]:
    return [spoiled(LOOK, fault, times=None)]


def refused(error: str, message: str) -> Callable[[list[Entry]], bool]:
    return lambda entries: any(error == body.error and message in body.message for body in bodies(entries, ToolResult))


def charged_in_full(entries: list[Entry]) -> bool:
    """Whether each failed call, which may have been billed, cost all that was held for it."""
    return all(entry.cost == entries[entry.number - 1].body.reserved for entry in entries if isinstance(entry.body, ModelFailed))  # type: ignore[union-attr] # the entry before is its ModelCall


def charged_nothing(entries: list[Entry]) -> bool:
    return all(entry.cost == 0 for entry in entries if isinstance(entry.body, ModelFailed))


def miscounted(entries: list[Entry]) -> bool:
    """Whether the call whose figures cannot be believed cost all that was held for it."""
    note = next(entry.number for entry in entries if isinstance(entry.body, Note))
    return entries[note - 1].cost == entries[note - 2].body.reserved  # type: ignore[union-attr] # a ModelCall


UNAVAILABLE, THROTTLED = frozenset({"ModelUnavailable"}), frozenset({"ModelThrottled"})

CASES: dict[str, Case] = {
    # first, because they take longest
    "silence before a reply": Case(orders=once("slow", delay=SILENCE), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "silence in the middle of a reply": Case(orders=once("stalled", delay=SILENCE), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "throttled for good": Case(
        orders=always("throttling"),
        error="ModelThrottled",
        path="triage orders",
        replies=1,
        failed=THROTTLED,
        results=(),
        shows=charged_nothing,
    ),
    "throttled twice": Case(orders=once("throttling", times=2), failed=THROTTLED, shows=charged_nothing),
    "not ready": Case(orders=once("not_ready"), failed=THROTTLED, shows=charged_nothing),
    "503 for good": Case(
        refunds=[spoiled(LOOK, "unavailable", times=None)],
        path="triage refunds refunds_fallback writer",
        replies=5,
        failed=UNAVAILABLE,
        results=("", ""),
        paid=1,
        shows=charged_in_full,
    ),
    "503 once": Case(orders=once("unavailable"), failed=UNAVAILABLE, shows=charged_in_full),
    "500 once": Case(orders=once("internal"), failed=UNAVAILABLE, shows=charged_in_full),
    "the model's own time-out": Case(orders=once("timeout"), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "the model's own error": Case(orders=once("model_error"), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "a connection that ends before a byte": Case(orders=once("dropped"), failed=UNAVAILABLE, shows=charged_in_full),
    "a connection that ends in the middle": Case(orders=once("dropped_midway"), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "a stream that ends in the middle": Case(orders=once("stream_cut"), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "an error in the middle of a stream": Case(orders=once("stream_error"), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "a request that is too long": Case(
        orders=always("context_overflow"),
        error="ContextOverflow",
        path="triage orders",
        replies=1,
        failed=frozenset({"ContextOverflow"}),
        results=(),
        shows=charged_nothing,
    ),
    "a refusal": Case(orders=always("refusal"), error="ModelRefused", path="triage orders", replies=2, results=()),
    "a guardrail": Case(orders=always("guardrail"), error="ModelRefused", path="triage orders", replies=2, results=()),
    "arguments of another shape": Case(orders=once("malformed_arguments", times=None), results=("InputRejected",)),
    "arguments that are no JSON": Case(orders=once("non_object_arguments", times=None), results=("InputRejected",)),
    "a tool that there is not": Case(
        orders=once("unknown_tool", times=None),
        results=("InputRejected",),
        shows=refused("InputRejected", "no tool no_such_find_order"),
    ),
    "400 calls in one reply": Case(orders=[many(calls("find_order", order_id="A-${repeat}"), 400), REPORT], notes=("repair",), results=()),
    "400 calls, and again": Case(
        orders=[many(calls("find_order", order_id="A-${repeat}"), 400)] * 2,
        error="AnswerInvalid",
        path="triage orders",
        replies=3,
        notes=("repair",),
        results=(),
    ),
    "the same call 400 times, and again": Case(
        orders=[many(LOOK, 400), LOOK], error="LoopDetected", path="triage orders", replies=3, notes=("repair",), results=()
    ),
    "an empty reply": Case(orders=[{"faults": [{"fault": "empty"}]}, LOOK, REPORT], replies=5, notes=("repair",)),
    "an empty reply, and again": Case(
        orders=[{"faults": [{"fault": "empty"}]}] * 2, error="AnswerInvalid", path="triage orders", replies=3, notes=("repair",), results=()
    ),
    "words where a call should be": Case(orders=[spoiled(LOOK, "garbage_text", times=None), REPORT], notes=("repair",), results=()),
    "a reply that was cut off": Case(orders=[spoiled(LOOK, "truncation", times=None), REPORT], notes=("repair",), results=()),
    "a reply of 5 MB": Case(
        writer=[{"pad": 5_000_000}, WRITE],
        replies=5,
        notes=("usage", "repair"),  # no model says that much in the tokens it may write: its figures cannot be
        shows=lambda entries: [len(body.text) for body in bodies(entries, ModelReply)][-2:] == [TEXT_CHARACTERS, len(WRITE["text"])],
    ),
    "a reply of 5 MB, and again": Case(
        writer=[{"pad": 5_000_000}] * 2, error="AnswerInvalid", path="triage orders writer", replies=5, notes=("usage", "repair", "usage")
    ),
    "no figures": Case(orders=once("usage_missing", times=None), notes=("usage",), shows=miscounted),
    "negative figures": Case(orders=once("usage_negative", times=None), notes=("usage",), shows=miscounted),
    "absurd figures": Case(orders=once("usage_huge", times=None), notes=("usage",), shows=miscounted),
    "text for figures": Case(orders=once("usage_text"), lost=1, failed=UNAVAILABLE, shows=charged_in_full),
    "a refund in a reply that breaks off": Case(
        refunds=[LOOK, spoiled(PAY, "dropped_midway"), PAID],
        path="triage refunds writer",
        replies=5,
        lost=1,
        failed=UNAVAILABLE,
        results=("", ""),
        paid=1,
        shows=charged_in_full,
    ),
    "a failure after the refund": Case(
        refunds=[LOOK, PAY, spoiled(PAID, "internal")],
        path="triage refunds writer",
        replies=5,
        failed=UNAVAILABLE,
        results=("", ""),
        paid=1,
    ),
    "a refund with broken arguments, then a good one": Case(
        refunds=[LOOK, spoiled(PAY, "malformed_arguments", times=None), PAY, PAID],
        path="triage refunds writer",
        replies=6,
        results=("", "InputRejected", ""),
        paid=1,
    ),
    "400 refunds in one reply": Case(
        refunds=[LOOK, *[many(PAY, 400)] * 2],
        path="triage refunds refunds_fallback writer",
        replies=8,
        notes=("repair",),
        results=("", "", ""),
        paid=1,
    ),
}


def bodies[T](entries: list[Entry], kind: type[T]) -> list[T]:
    return [entry.body for entry in entries if isinstance(entry.body, kind)]


@dataclass(frozen=True, kw_only=True)
class Played:
    """A run that has ended."""

    run: dict[str, Any]
    entries: list[Entry]
    payments: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    wrong: list[str]
    """What does not balance in the ledger."""
    steps: list[dict[str, Any]]
    """What the model server counted, by turn and step, once no call is under way."""


def play(desk: Desk, name: str, case: Case) -> Played:
    route = calls("answer", skill="orders" if case.refunds is None else "refunds", confidence=95, why=name)
    agents = {
        "triage": [route],
        "orders": case.orders,
        "refunds": case.refunds or [],
        "refunds_fallback": case.instead,
        "writer": case.writer,
        "generalist": [{"faults": [{"fault": "context_overflow"}]}],
    }
    scenario = {"scenario": f"{name}, {desk.tenant}", "when": {"contains": desk.tenant}, "agents": agents}
    answer = plain().put(f"{desk.twin.doubles}/scenarios/misbehaviour-{desk.tenant}", content=json.dumps(scenario))
    assert answer.is_success, answer.text
    message = {"message": f"{name}, says {desk.tenant}"}
    run = desk.ended(desk.submit("support", message, subject="customer-23", key=desk.tenant), seconds=PATIENCE)

    def settled() -> list[dict[str, Any]] | None:
        steps: list[dict[str, Any]] = plain().get(f"{desk.twin.doubles}/calls", params={"run": run["id"]}).json()["steps"]
        return None if any(step["under_way"] for step in steps) else steps

    return Played(
        run=run,
        entries=desk.journal(run["id"]),
        payments=desk.payments(),
        effects=desk.effects(run["id"]),
        wrong=books.wrong(desk, run["id"]),
        steps=until(settled, seconds=SILENCE, what="the end of the calls that nobody waits for"),
    )


@pytest.fixture(scope="module")
def played(twin: Any) -> Iterator[dict[str, Future[Played]]]:
    with ExitStack() as desks, ThreadPoolExecutor(AT_ONCE) as pool:
        yield {name: pool.submit(play, desks.enter_context(Desk(twin=twin)), name, case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_each_misbehaviour_has_its_named_outcome(played: dict[str, Future[Played]], name: str) -> None:
    case, found = CASES[name], played[name].result()
    run, entries = found.run, found.entries

    assert (run["status"], run["degraded"]) == ("succeeded", bool(case.error))
    passed = [body.error for body in bodies(entries, Routed) if body.purpose in ("take_over", "degrade")]
    assert not case.error or passed[0] == case.error
    assert [agent for agent in run["path"] if agent != "generalist"] == case.path.split()
    assert {entry.body.error for entry in entries if isinstance(entry.body, ModelFailed) and entry.agent != "generalist"} == case.failed
    assert tuple(body.kind for body in bodies(entries, Note)) == case.notes
    assert tuple(body.error for body in bodies(entries, ToolResult)) == case.results
    assert len(bodies(entries, ModelReply)) == case.replies
    assert case.shows(entries), [entry.body for entry in entries]
    assert verify(entries) == []


@pytest.mark.parametrize("name", CASES)
def test_no_misbehaviour_repeats_an_effect_or_overspends(played: dict[str, Future[Played]], name: str) -> None:
    case, found = CASES[name], played[name].result()

    assert len(found.payments) == case.paid
    assert [effect["status"] for effect in found.effects] == ["done"] * case.paid
    assert found.wrong == []


@pytest.mark.parametrize("name", CASES)
def test_no_misbehaviour_makes_a_model_call_be_paid_twice(played: dict[str, Future[Played]], name: str) -> None:
    case, found = CASES[name], played[name].result()

    assert sum(step["billed"] for step in found.steps) == case.replies + case.lost
    assert max(step["billed"] for step in found.steps) <= 1 + case.lost
    charged = [
        entry for entry in found.entries if isinstance(entry.body, ModelReply) or (isinstance(entry.body, ModelFailed) and entry.cost)
    ]
    assert len(charged) >= case.replies + case.lost, "what the provider bills, the ledger has charged"
