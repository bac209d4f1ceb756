from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Event
from typing import Any

import pytest

from septet.core.errors import EffectUnknown, Fenced, InputRejected, PolicyDenied, SeptetError, ToolFailed, ToolTimedOut
from septet.local.clock import ManualClock
from septet.local.effects import MemoryEffects
from septet.security.calls import ATTEMPTS, Caller, Done, Hands, ToolBroke
from septet.security.effects import Effect, effect_key
from septet.security.manifests import Manifest
from tests.unit.shop import FIND, PARCEL, REFUND

CALLER = Caller(tenant="acme", run="run-1", principal="customer-1")
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
    effects: MemoryEffects = field(default_factory=MemoryEffects)
    clock: ManualClock = field(default_factory=ManualClock)

    def perform(self, manifest: Manifest, arguments: Mapping[str, Any] = ARGUMENTS) -> Done:
        return Hands(tools=self.tools, effects=self.effects, clock=self.clock, pause=self.clock.pause).perform(manifest, arguments, CALLER)

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
        context = {"tenant": "acme", "run": "run-1", "principal": "customer-1", "key": ""}
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
            second = waiter.perform(REFUND, ARGUMENTS, CALLER)
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
        key = effect_key(PARCEL, "run-1", ARGUMENTS)
        deadline = desk.clock.now + 5_000
        gone = Effect(tenant="acme", run="run-1", key=key, tool="send_parcel", status="intended", deadline=deadline, by="gone")
        desk.effects.intend(gone, now=desk.clock.now, again=False)
        assert desk.perform(PARCEL).error == "EffectUnknown"
        assert desk.clock.now >= deadline
        assert desk.tools.events == []


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


class TestResults:
    BAD = (float("nan"), {"text": "\ud800"}, "x" * 200_000, nested(40), nested(100_000))

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

    def test_an_error_s_message_can_be_kept(self) -> None:
        end = bench(PolicyDenied("\ud800" + "x" * 10_000)).perform(FIND)
        assert len(end.message.encode()) <= 500


class _Unreachable(MemoryEffects):
    def intend(self, effect: Effect, *, now: int, again: bool) -> Effect | None:
        raise ConnectionError(f"{effect.key} {now} {again}")


def test_without_the_record_nothing_is_called() -> None:
    desk = Bench(Lines([{"paid": 100}]), effects=_Unreachable())
    with pytest.raises(ConnectionError):
        desk.perform(REFUND)
    assert desk.tools.events == []
