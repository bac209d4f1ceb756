from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Barrier, Event, Lock
from typing import Any

import pytest

from septet.core.errors import (
    EffectUnknown,
    Fenced,
    InputRejected,
    PolicyDenied,
    RunStopped,
    SeptetError,
    StoreUnavailable,
    ToolFailed,
    ToolTimedOut,
)
from septet.core.journal import Branch
from septet.local.clock import ManualClock
from septet.local.effects import MemoryEffects
from septet.local.ledger import MemoryLedger
from septet.security.calls import ATTEMPTS, INVOCATIONS, RESULT_BYTES, Call, Done, ToolBroke, ToolNotRun, Unfinished
from septet.security.effects import Effect, effect_key
from septet.security.hands import Hands
from septet.security.manifests import Manifest
from tests.unit.shop import FIND, PARCEL, REFUND

BRANCH = Branch(tenant="acme", run="run-1")
ARGUMENTS = {"order_id": "A-1", "amount_cents": 100, "reason": "broken"}
CRASHES = [ToolBroke("it broke"), ToolTimedOut("too slow")]


@dataclass
class Lines:
    """A tool that does as its lines say, one a call; the last is repeated."""

    lines: list[Any]
    events: list[Any] = field(default_factory=list)
    during: Callable[[], None] = lambda: None

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:
        self.events.append((tool, event, timeout))
        line = self.lines[min(len(self.events), len(self.lines)) - 1]
        self.during()
        if isinstance(line, Exception):
            raise line
        return line


@dataclass
class Bench:
    tools: Any
    clock: ManualClock = field(default_factory=ManualClock)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    effects: Any = None

    def __post_init__(self) -> None:
        self.effects = self.effects or MemoryEffects(self.ledger)
        self.ledger.open(BRANCH, 1, now=self.clock.now)

    def call(self, manifest: Manifest, arguments: Mapping[str, Any] = ARGUMENTS, *, seconds: int = 95) -> Call:
        until = self.clock.now + seconds * 1000
        return Call(manifest=manifest, arguments=arguments, branch=BRANCH, principal="customer-1", until=until)

    def perform(self, manifest: Manifest, arguments: Mapping[str, Any] = ARGUMENTS, *, seconds: int = 95) -> Done:
        hands = Hands(tools=self.tools, effects=self.effects, clock=self.clock, pause=self.clock.pause)
        return hands.perform(self.call(manifest, arguments, seconds=seconds))

    def abandoned(self, manifest: Manifest, *, for_ms: int = 5_000) -> Effect:
        """An intent whose caller is gone."""
        key, deadline = effect_key(manifest, "run-1", ARGUMENTS), self.clock.now + for_ms
        gone = Effect(tenant="acme", run="run-1", key=key, tool=manifest.name, status="intended", deadline=deadline, by="gone")
        assert self.effects.intend(BRANCH, gone) is None
        return gone

    def record(self, manifest: Manifest) -> Effect | None:
        return self.effects.get("acme", "run-1", effect_key(manifest, "run-1", ARGUMENTS))


def bench(*lines: Any) -> Bench:
    return Bench(Lines(list(lines)))


class TestReads:
    def test_a_read_has_no_record(self) -> None:
        desk = bench({"found": True})
        assert desk.perform(FIND) == Done(value={"found": True})
        assert desk.record(FIND) is None

    def test_the_tool_is_told_on_whose_behalf_it_is_called(self) -> None:
        desk = bench(1)
        desk.perform(FIND)
        context = {"tenant": "acme", "run": "run-1", "principal": "customer-1", "key": "", "labels": {}}
        assert desk.tools.events == [("find_order", {"arguments": ARGUMENTS, "context": context}, 10)]

    @pytest.mark.parametrize("crash", CRASHES)
    def test_a_read_that_breaks_is_made_once_more(self, crash: SeptetError) -> None:
        assert bench(crash, 7).perform(FIND) == Done(value=7)

    @pytest.mark.parametrize(("crash", "name"), [(ToolBroke("it broke"), "ToolFailed"), (ToolTimedOut("too slow"), "ToolTimedOut")])
    def test_a_read_that_stays_broken_is_an_error(self, crash: SeptetError, name: str) -> None:
        desk = bench(crash)
        assert desk.perform(FIND) == Done(error=name, message=str(crash))
        assert len(desk.tools.events) == ATTEMPTS

    def test_a_refusal_after_a_crash_is_a_refusal(self) -> None:
        assert bench(ToolBroke("it broke"), PolicyDenied("no")).perform(FIND) == Done(error="PolicyDenied", message="no")


class TestKeyed:
    def test_an_effect_is_recorded_with_its_result(self) -> None:
        desk = bench({"paid": 100})
        assert desk.perform(REFUND) == Done(value={"paid": 100})
        record = desk.record(REFUND)
        assert record is not None
        assert (record.status, record.value) == ("done", {"paid": 100})

    def test_the_same_effect_again_is_not_made_again(self) -> None:
        desk = bench({"paid": 100})
        desk.perform(REFUND)
        assert desk.perform(REFUND, ARGUMENTS | {"reason": "other words"}) == Done(value={"paid": 100}, repeated=True)
        assert len(desk.tools.events) == 1

    def test_the_tool_gets_the_key_of_the_record_with_every_attempt(self) -> None:
        desk = bench(ToolBroke("it broke"), {"paid": 100})
        desk.perform(REFUND)
        assert [event["context"]["key"] for _, event, _ in desk.tools.events] == [effect_key(REFUND, "run-1", ARGUMENTS)] * 2

    @pytest.mark.parametrize("refusal", [PolicyDenied("no"), InputRejected("what?")])
    def test_a_refusal_leaves_no_record(self, refusal: SeptetError) -> None:
        desk = bench(refusal, {"paid": 100})
        assert desk.perform(REFUND) == Done(error=type(refusal).__name__, message=str(refusal))
        assert desk.record(REFUND) is None
        assert desk.perform(REFUND) == Done(value={"paid": 100})

    @pytest.mark.parametrize("crash", CRASHES)
    def test_a_refusal_after_a_crash_proves_nothing_and_keeps_the_record(self, crash: SeptetError) -> None:
        desk = bench(crash, PolicyDenied("it was refunded already"))
        assert desk.perform(REFUND).error in ("ToolFailed", "ToolTimedOut")
        assert desk.record(REFUND) is not None

    @pytest.mark.parametrize("crash", [*CRASHES, ToolFailed("half done"), Fenced("odd, from a tool")])
    def test_a_crash_keeps_the_record_and_the_call_can_be_made_again_when_its_deadline_has_passed(self, crash: SeptetError) -> None:
        desk = bench(crash)
        assert desk.perform(REFUND).error
        record = desk.record(REFUND)
        assert record is not None
        assert record.status == "intended"
        before, desk.tools = desk.clock.now, Lines([{"paid": 100}])
        assert desk.perform(REFUND) == Done(value={"paid": 100})
        assert desk.clock.now >= record.deadline > before, "it waited: whoever intended it might still have been at it"

    def test_whoever_comes_while_it_is_being_done_waits_and_gets_the_result(self) -> None:
        begun, finish = Event(), Event()

        def work() -> None:
            begun.set()
            finish.wait(5)

        slow = Lines([{"paid": 100}], during=work)
        desk = Bench(slow)
        waiter = Hands(tools=slow, effects=desk.effects, clock=desk.clock, pause=lambda _: finish.set())
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(desk.perform, REFUND)
            begun.wait(5)
            second = waiter.perform(desk.call(REFUND))
            assert first.result() == Done(value={"paid": 100})
        assert second == Done(value={"paid": 100}, repeated=True)
        assert len(slow.events) == 1

    def test_of_many_at_once_one_calls_the_tool(self) -> None:
        desk, together = bench({"paid": 100}), Barrier(8)

        def perform(_: int) -> Done:
            together.wait()
            return desk.perform(REFUND)

        with ThreadPoolExecutor(8) as pool:
            ends = list(pool.map(perform, range(8)))
        assert len(desk.tools.events) == 1
        assert sum(end.repeated for end in ends) == 7
        assert all(end.value == {"paid": 100} for end in ends)


class TestOnce:
    def test_it_is_fired_and_recorded(self) -> None:
        desk = bench({"sent": "A-1"})
        assert desk.perform(PARCEL) == Done(value={"sent": "A-1"})
        assert desk.perform(PARCEL) == Done(value={"sent": "A-1"}, repeated=True)
        assert len(desk.tools.events) == 1

    @pytest.mark.parametrize("crash", [*CRASHES, ToolFailed("half done"), EffectUnknown("who knows"), Fenced("odd, from a tool")])
    def test_after_anything_but_a_refusal_it_is_unknown_and_never_fired_again(self, crash: SeptetError) -> None:
        desk = bench(crash, {"sent": "A-1"})
        assert desk.perform(PARCEL) == Done(error="EffectUnknown", message=str(crash))
        assert desk.perform(PARCEL).error == "EffectUnknown"
        desk.clock.pause(10**9)
        assert desk.perform(PARCEL).error == "EffectUnknown"
        assert len(desk.tools.events) == 1

    def test_a_refusal_leaves_no_record(self) -> None:
        desk = bench(PolicyDenied("no"), {"sent": "A-1"})
        assert desk.perform(PARCEL) == Done(error="PolicyDenied", message="no")
        assert desk.perform(PARCEL) == Done(value={"sent": "A-1"})

    def test_an_intent_whose_caller_is_gone_is_unknown_once_its_deadline_has_passed(self) -> None:
        desk = bench({"sent": "A-1"})
        gone = desk.abandoned(PARCEL)
        assert desk.perform(PARCEL).error == "EffectUnknown"
        assert desk.clock.now >= gone.deadline
        assert desk.tools.events == []


HAPPENED = {"happened": True, "value": {"sent": "A-1"}}
NOT_HAPPENED = {"happened": False}
ASKING = replace(PARCEL, reconcile=True)
"""A tool that must never be fired twice, and can say what became of a call."""


def asked(desk: Bench) -> list[str]:
    """What the tool was called for: ``arguments`` to act, ``reconcile`` to say what happened."""
    return [next(iter(event)) for _, event, _ in desk.tools.events]


class TestReconciling:
    @pytest.mark.parametrize("crash", [*CRASHES, ToolFailed("half done")])
    def test_what_broke_and_happened_is_done(self, crash: SeptetError) -> None:
        desk = bench(crash, HAPPENED)
        assert desk.perform(ASKING) == Done(value={"sent": "A-1"})
        assert asked(desk) == ["arguments", "reconcile"]
        record = desk.record(ASKING)
        assert record is not None
        assert (record.status, record.value) == ("done", {"sent": "A-1"})
        assert desk.perform(ASKING) == Done(value={"sent": "A-1"}, repeated=True)
        assert len(desk.tools.events) == 2

    def test_nobody_is_asked_while_the_call_may_still_be_under_way(self) -> None:
        desk = bench(ToolBroke("it broke"), HAPPENED)
        began, looked = desk.clock.now, []
        desk.tools.during = lambda: looked.append(desk.clock.now)
        desk.perform(ASKING)
        assert looked[1] - began > ASKING.timeout * 1000 + 12_000, "a function may take ten seconds to start, and runs to its limit then"

    def test_what_broke_and_did_not_happen_is_made_once_more(self) -> None:
        desk = bench(ToolBroke("it broke"), NOT_HAPPENED, {"sent": "A-1"})
        assert desk.perform(ASKING) == Done(value={"sent": "A-1"})
        assert asked(desk) == ["arguments", "reconcile", "arguments"]

    def test_what_keeps_breaking_and_does_not_happen_has_failed_and_leaves_no_record(self) -> None:
        desk = bench(*[ToolBroke("it broke"), NOT_HAPPENED] * ATTEMPTS, {"sent": "A-1"})
        assert desk.perform(ASKING).error == "ToolFailed"
        assert asked(desk).count("arguments") == ATTEMPTS
        assert desk.record(ASKING) is None
        assert desk.perform(ASKING) == Done(value={"sent": "A-1"})

    @pytest.mark.parametrize(
        "told",
        [
            ToolBroke("it broke"),
            ToolNotRun("busy", again=True),
            PolicyDenied("no"),
            EffectUnknown("who knows"),
            None,
            {},
            True,
            {"happened": 1, "value": 1},
            {"happened": True},
            {"happened": "no"},
            {"happened": None},
            {"sent": "A-1"},
        ],
    )
    def test_anything_but_a_clear_answer_is_unknown_and_nothing_is_fired(self, told: Any) -> None:
        desk = bench(ToolBroke("it broke"), told)
        assert desk.perform(ASKING).error == "EffectUnknown"
        assert asked(desk).count("arguments") == 1
        record = desk.record(ASKING)
        assert record is not None
        assert record.status == "intended"

    def test_an_abandoned_intent_that_happened_is_done_by_whoever_comes_next(self) -> None:
        desk = bench(HAPPENED)
        gone = desk.abandoned(ASKING)
        assert desk.perform(ASKING) == Done(value={"sent": "A-1"}, repeated=True)
        assert asked(desk) == ["reconcile"]
        assert desk.clock.now >= gone.deadline

    def test_an_abandoned_intent_that_did_not_happen_is_taken_over(self) -> None:
        desk = bench(NOT_HAPPENED, {"sent": "A-1"})
        desk.abandoned(ASKING)
        assert desk.perform(ASKING) == Done(value={"sent": "A-1"})
        assert asked(desk) == ["reconcile", "arguments"]

    def test_the_question_carries_the_key_and_on_whose_behalf(self) -> None:
        desk = bench(HAPPENED)
        gone = desk.abandoned(ASKING)
        desk.perform(ASKING)
        context = {"tenant": "acme", "run": "run-1", "principal": "customer-1", "key": gone.key, "labels": {}}
        assert desk.tools.events == [("send_parcel", {"reconcile": ARGUMENTS, "context": context}, 10)]

    def test_who_was_told_that_nothing_happened_takes_over_only_what_was_asked_about(self) -> None:
        """Between the answer and the takeover another one took over, broke, and may have done it."""
        desk = bench(NOT_HAPPENED, HAPPENED)
        gone = desk.abandoned(ASKING)
        other = replace(gone, by="other", deadline=gone.deadline + 60_000)
        desk.tools.during = lambda: desk.effects.intend(BRANCH, other, over=gone)
        assert desk.perform(ASKING) == Done(value={"sent": "A-1"}, repeated=True)
        assert asked(desk) == ["reconcile", "reconcile"]

    def test_of_sixteen_at_once_that_find_it_abandoned_one_calls(self) -> None:
        desk, together, lock, sent = bench(), Barrier(16), Lock(), []

        class Post:
            def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:
                with lock:
                    if "reconcile" in event:
                        return {"happened": True, "value": sent[0]} if sent else {"happened": False}
                    sent.append({"tool": tool, "timeout": timeout})
                    return sent[0]

        desk.tools = Post()
        desk.clock.now = desk.abandoned(ASKING).deadline

        def perform(_: int) -> Done:
            together.wait()
            return desk.perform(ASKING)

        with ThreadPoolExecutor(16) as pool:
            ends = list(pool.map(perform, range(16)))
        assert len(sent) == 1
        assert all(end.value == sent[0] for end in ends)


class TestNotRun:
    """A call that was refused before any code of the tool ran."""

    BUSY = ToolNotRun("busy", again=True)

    @pytest.mark.parametrize("manifest", [FIND, REFUND, PARCEL, ASKING])
    def test_it_is_asked_for_again_after_a_pause(self, manifest: Manifest) -> None:
        desk = bench(*[self.BUSY] * (INVOCATIONS - 1), 7)
        assert desk.perform(manifest) == Done(value=7)
        assert len(desk.tools.events) == INVOCATIONS

    @pytest.mark.parametrize("manifest", [FIND, REFUND, PARCEL, ASKING])
    def test_a_few_times_and_then_it_has_failed_and_leaves_no_record(self, manifest: Manifest) -> None:
        desk = bench(*[self.BUSY] * INVOCATIONS, 7)
        began = desk.clock.now
        assert desk.perform(manifest) == Done(error="ToolFailed", message="busy")
        assert len(desk.tools.events) == INVOCATIONS
        assert desk.clock.now - began <= 250 + 500 + 1000
        assert desk.record(manifest) is None
        assert desk.perform(manifest) == Done(value=7)

    @pytest.mark.parametrize("manifest", [FIND, REFUND, PARCEL])
    def test_what_stays_refused_is_asked_for_once(self, manifest: Manifest) -> None:
        desk = bench(ToolNotRun("there is no such function", again=False))
        assert desk.perform(manifest).error == "ToolFailed"
        assert len(desk.tools.events) == 1
        assert desk.record(manifest) is None

    def test_after_a_crash_it_proves_nothing(self) -> None:
        desk = bench(ToolBroke("it broke"), self.BUSY)
        assert desk.perform(REFUND) == Done(error="ToolFailed", message="it broke")
        assert desk.record(REFUND) is not None


class TestStopped:
    @pytest.mark.parametrize("manifest", [REFUND, PARCEL])
    def test_after_a_stop_no_effect_is_begun(self, manifest: Manifest) -> None:
        desk = bench(7)
        desk.ledger.stop("acme", "run-1", "boss: enough")
        with pytest.raises(RunStopped, match="boss: enough"):
            desk.perform(manifest)
        assert (desk.tools.events, desk.record(manifest)) == ([], None)

    def test_after_its_end_a_run_begins_none(self) -> None:
        desk = bench(7)
        desk.ledger.close("acme", "run-1")
        with pytest.raises(RunStopped, match="ended"):
            desk.perform(PARCEL)
        assert desk.tools.events == []

    def test_what_was_begun_before_may_finish(self) -> None:
        desk = bench({"sent": "A-1"})
        desk.tools.during = lambda: desk.ledger.stop("acme", "run-1", "boss: enough")
        assert desk.perform(PARCEL) == Done(value={"sent": "A-1"})
        assert desk.perform(PARCEL) == Done(value={"sent": "A-1"}, repeated=True)

    @pytest.mark.parametrize("manifest", [REFUND, ASKING])
    def test_an_abandoned_intent_is_not_taken_over(self, manifest: Manifest) -> None:
        desk = bench(NOT_HAPPENED)
        desk.clock.now = desk.abandoned(manifest).deadline
        desk.tools.during = lambda: desk.ledger.stop("acme", "run-1", "boss: enough")
        if manifest is REFUND:
            desk.tools.during()
        with pytest.raises(RunStopped):
            desk.perform(manifest)
        assert "arguments" not in asked(desk)

    def test_a_tool_cannot_say_so(self) -> None:
        assert bench(RunStopped("says the tool")).perform(FIND) == Done(error="ToolFailed", message="says the tool")


class TestTime:
    @pytest.mark.parametrize("manifest", [FIND, REFUND, PARCEL])
    def test_what_could_not_end_in_time_is_not_begun(self, manifest: Manifest) -> None:
        desk = bench(7)
        with pytest.raises(Unfinished):
            desk.perform(manifest, seconds=manifest.timeout)
        assert (desk.tools.events, desk.record(manifest)) == ([], None)
        assert desk.perform(manifest) == Done(value=7)

    def test_somebody_who_may_still_be_at_it_is_waited_for_in_bounds(self) -> None:
        desk = bench(7)
        desk.abandoned(REFUND, for_ms=60_000)
        began = desk.clock.now
        with pytest.raises(Unfinished):
            desk.perform(REFUND, seconds=30)
        assert desk.clock.now - began <= 30_500
        assert desk.perform(REFUND) == Done(value=7)

    def test_a_process_that_was_suspended_after_its_intent_fires_nothing(self) -> None:
        desk = bench(7)

        class Slow(MemoryEffects):
            def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
                standing = super().intend(branch, effect, over=over, agent=agent)
                desk.clock.pause(60_000)
                return standing

        desk.effects = Slow(desk.ledger)
        with pytest.raises(Unfinished):
            desk.perform(PARCEL, seconds=10_000)
        assert desk.tools.events == []


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


class TestResults:
    BAD = (float("nan"), {"text": "\ud800"}, "x" * RESULT_BYTES, nested(40), nested(100_000))

    @pytest.mark.parametrize("place", range(len(BAD)))
    def test_a_result_nobody_can_keep_is_an_error_of_the_tool(self, place: int) -> None:
        end = bench(self.BAD[place]).perform(FIND)
        assert (end.error, end.value) == ("ToolFailed", None)
        assert "its result is" in end.message

    @pytest.mark.parametrize("manifest", [REFUND, PARCEL])
    @pytest.mark.parametrize("place", range(len(BAD)))
    def test_an_effect_with_such_a_result_has_happened_all_the_same(self, manifest: Manifest, place: int) -> None:
        desk = bench(self.BAD[place])
        assert desk.perform(manifest).error == "ToolFailed"
        assert desk.perform(manifest) == Done(value=None, repeated=True)
        assert len(desk.tools.events) == 1

    def test_a_large_result_is_kept(self) -> None:
        large = "x" * (RESULT_BYTES - 2)
        assert bench(large).perform(REFUND) == Done(value=large)

    def test_an_error_s_message_can_be_kept(self) -> None:
        end = bench(PolicyDenied("\ud800" + "x" * 10_000)).perform(FIND)
        assert len(end.message.encode()) <= 500


class _Unreachable(MemoryEffects):
    def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
        raise StoreUnavailable(f"{branch} {effect.key} {over} {agent}")


def test_without_the_record_nothing_is_called() -> None:
    desk = Bench(Lines([{"paid": 100}]), effects=_Unreachable(MemoryLedger()))
    with pytest.raises(StoreUnavailable):
        desk.perform(REFUND)
    assert desk.tools.events == []
