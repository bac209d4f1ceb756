import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier, Event, Lock
from typing import Any

import pytest

from septet.core.errors import InputRejected, RunStopped
from septet.core.journal import Branch
from septet.security.calls import Call, Done
from septet.security.effects import Effect, Effects, effect_key
from septet.security.hands import Hands
from tests.contracts.conftest import Storage
from tests.unit.shop import REFUND

ARGUMENTS = {"order_id": "A-1", "amount_cents": 100, "reason": "broken"}
OFTEN = 16


@pytest.fixture
def effects(storage: Storage) -> Effects:
    return storage.effects


@pytest.fixture
def branch(storage: Storage, tenant: str) -> Branch:
    """A run that may go on."""
    opened = Branch(tenant=tenant, run="run-1")
    storage.ledger.open(opened, 1_000, now=0)
    return opened


@pytest.fixture
def effect(tenant: str) -> Effect:
    return Effect(tenant=tenant, run="run-1", key="k", tool="issue_refund", status="intended", deadline=100, by="first")


def found(effects: Effects, effect: Effect) -> Effect | None:
    return effects.get(effect.tenant, effect.run, effect.key)


def at_once(work: Callable[[int], Any], times: int = OFTEN) -> list[Any]:
    """What *work* returns for each place, all of them begun together."""
    together = Barrier(times)

    def begin(place: int) -> Any:
        together.wait()
        return work(place)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(begin, range(times)))


def test_the_first_intent_is_stored(effects: Effects, branch: Branch, effect: Effect) -> None:
    assert found(effects, effect) is None
    assert effects.intend(branch, effect) is None
    assert found(effects, effect) == effect


def test_an_intent_stands_in_the_way_of_all_others(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    assert effects.intend(branch, replace(effect, deadline=300, by="second")) == effect
    assert found(effects, effect) == effect


def test_an_intent_is_taken_over_by_whoever_names_it(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    second, third = replace(effect, deadline=300, by="second"), replace(effect, deadline=500, by="third")
    assert effects.intend(branch, second, over=effect) is None
    assert found(effects, effect) == second
    assert effects.intend(branch, third, over=effect) == second, "what was to be taken over is gone"
    assert found(effects, effect) == second


def test_an_intent_to_take_over_that_was_released_meanwhile_is_simply_stored(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    effects.release(effect)
    second = replace(effect, deadline=300, by="second")
    assert effects.intend(branch, second, over=effect) is None
    assert found(effects, effect) == second


@pytest.mark.parametrize(
    "value", [{"paid": 1.5, "to": "Grüße"}, [], None, "", 0, False, {"large": "x" * 99_000}, {"larger": "ü" * 500_000}]
)
def test_a_result_is_kept_and_stands_for_ever(effects: Effects, branch: Branch, effect: Effect, value: Any) -> None:
    effects.intend(branch, effect)
    effects.done(effect, value)
    done = replace(effect, status="done", value=value)
    assert found(effects, effect) == done
    effects.done(effect, "another result")
    effects.release(effect)
    assert effects.intend(branch, replace(effect, deadline=900, by="second"), over=effect) == done
    assert found(effects, effect) == done


def test_the_same_intent_again_counts_as_stored_because_the_answer_may_have_been_lost(
    effects: Effects, branch: Branch, effect: Effect
) -> None:
    for _ in range(3):
        assert effects.intend(branch, effect) is None
    assert effects.intend(branch, replace(effect, by="second")) == effect
    effects.done(effect, "it happened")
    assert effects.intend(branch, effect) is not None, "a result stands in everybody's way"


def test_a_takeover_again_counts_as_made(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    second = replace(effect, deadline=300, by="second")
    for _ in range(3):
        assert effects.intend(branch, second, over=effect) is None
    assert found(effects, effect) == second


def test_a_released_intent_is_forgotten(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    effects.release(effect)
    assert found(effects, effect) is None
    assert effects.intend(branch, effect) is None
    assert found(effects, effect) == effect


def test_whoever_was_overtaken_cannot_release_the_other_s_intent(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    overtaking = replace(effect, deadline=300, by="second")
    effects.intend(branch, overtaking, over=effect)
    effects.release(effect)
    assert found(effects, effect) == overtaking


def test_a_late_result_of_whoever_was_overtaken_counts(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    overtaking = replace(effect, deadline=300, by="second")
    effects.intend(branch, overtaking, over=effect)
    effects.done(effect, "first")
    effects.done(overtaking, "second")
    kept = found(effects, effect)
    assert kept is not None
    assert (kept.status, kept.value) == ("done", "first")


def test_a_result_counts_though_whoever_overtook_released_the_record(effects: Effects, branch: Branch, effect: Effect) -> None:
    effects.intend(branch, effect)
    overtaking = replace(effect, deadline=300, by="second")
    effects.intend(branch, overtaking, over=effect)
    effects.release(overtaking)
    effects.done(effect, "it happened")
    assert found(effects, effect) == replace(effect, status="done", value="it happened")


def test_what_was_undone_stays_so_and_says_who_had_made_it(effects: Effects, branch: Branch, effect: Effect) -> None:
    effect = replace(effect, by_run="run-2")
    effects.undone(effect)
    assert found(effects, effect) is None
    assert effects.intend(branch, effect) is None
    effects.undone(effect)
    assert found(effects, effect) == effect, "what is not done is not undone"
    effects.done(effect, "it happened")
    for _ in range(2):
        effects.undone(effect)
    undone = replace(effect, status="undone", value="it happened")
    assert found(effects, effect) == undone
    effects.done(replace(effect, by="second"), "late")
    effects.release(effect)
    assert effects.intend(branch, replace(effect, by="second"), over=effect) == undone
    assert (found(effects, effect), undone.maker) == (undone, "run-2")


def test_releasing_what_is_not_there_is_nothing(effects: Effects, effect: Effect) -> None:
    effects.release(effect)
    assert found(effects, effect) is None


def test_runs_and_keys_are_apart(storage: Storage, effects: Effects, branch: Branch, effect: Effect) -> None:
    other = replace(branch, run="run-2")
    storage.ledger.open(other, 1_000, now=0)
    effects.intend(branch, effect)
    elsewhere, another = replace(effect, run="run-2"), replace(effect, key="k2")
    assert [found(effects, one) for one in (elsewhere, another)] == [None, None]
    assert effects.intend(other, elsewhere) is None
    assert effects.intend(branch, another) is None


def test_tenants_are_apart(storage: Storage, effects: Effects, branch: Branch, effect: Effect) -> None:
    other = replace(branch, tenant=f"{branch.tenant}-2")
    storage.ledger.open(other, 1_000, now=0)
    effects.intend(branch, effect)
    elsewhere = replace(effect, tenant=other.tenant)
    assert found(effects, elsewhere) is None
    assert effects.intend(other, elsewhere) is None


class TestStops:
    """The one write of an intent also decides on the stop."""

    def test_after_a_stop_no_intent_is_stored(self, storage: Storage, branch: Branch, effect: Effect) -> None:
        storage.ledger.stop(branch.tenant, branch.run, "boss: enough")
        with pytest.raises(RunStopped, match="boss: enough"):
            storage.effects.intend(branch, effect)
        assert found(storage.effects, effect) is None

    def test_nor_after_the_run_s_end(self, storage: Storage, branch: Branch, effect: Effect) -> None:
        storage.ledger.close(branch.tenant, branch.run)
        with pytest.raises(RunStopped, match="ended"):
            storage.effects.intend(branch, effect)
        assert found(storage.effects, effect) is None

    def test_nor_for_a_branch_without_an_account(self, storage: Storage, branch: Branch, effect: Effect) -> None:
        with pytest.raises(InputRejected, match="no account"):
            storage.effects.intend(replace(branch, path="elsewhere"), effect)
        assert found(storage.effects, effect) is None

    def test_nor_is_one_taken_over(self, storage: Storage, branch: Branch, effect: Effect) -> None:
        storage.effects.intend(branch, effect)
        storage.ledger.stop(branch.tenant, branch.run, "boss")
        with pytest.raises(RunStopped):
            storage.effects.intend(branch, replace(effect, by="second"), over=effect)
        with pytest.raises(RunStopped):
            storage.effects.intend(branch, replace(effect, by="second"))
        assert found(storage.effects, effect) == effect

    def test_what_was_intended_before_may_finish_and_is_told(self, storage: Storage, branch: Branch, effect: Effect) -> None:
        storage.effects.intend(branch, effect)
        storage.ledger.stop(branch.tenant, branch.run, "boss")
        assert storage.effects.intend(branch, effect) is None, "it was stored before the stop; only the answer was lost"
        storage.effects.done(effect, "it happened")
        assert storage.effects.intend(branch, replace(effect, by="second")) == replace(effect, status="done", value="it happened")

    def test_of_a_stop_and_intents_at_once_none_is_stored_after_the_stop(self, storage: Storage, branch: Branch, effect: Effect) -> None:
        stopped = Event()

        def work(place: int) -> bool:
            """Whether an intent was stored that was begun after the stop had been acknowledged."""
            if place == 0:
                storage.ledger.stop(branch.tenant, branch.run, "boss")
                stopped.set()
                return False
            late = False
            for step in range(20):
                late = late or stopped.is_set()
                try:
                    storage.effects.intend(branch, replace(effect, key=f"{place}-{step}"))
                except RunStopped:
                    return False
                if late:
                    return True
            return False

        assert at_once(work, 5) == [False] * 5


class TestAtOnce:
    def test_of_many_intending_one_may(self, effects: Effects, branch: Branch, effect: Effect) -> None:
        ends = at_once(lambda place: effects.intend(branch, replace(effect, by=str(place))))
        assert ends.count(None) == 1
        assert {end.by for end in ends if end} == {str(ends.index(None))}

    def test_of_many_taking_an_intent_over_one_may(self, effects: Effects, branch: Branch, effect: Effect) -> None:
        effects.intend(branch, effect)
        ends = at_once(lambda place: effects.intend(branch, replace(effect, deadline=500, by=str(place)), over=effect))
        assert ends.count(None) == 1

    def test_different_effects_of_one_branch_do_not_keep_each_other_out(self, effects: Effects, branch: Branch, effect: Effect) -> None:
        assert at_once(lambda place: effects.intend(branch, replace(effect, key=f"k-{place}"))) == [None] * OFTEN

    def test_of_a_result_and_a_release_the_result_stands(self, effects: Effects, branch: Branch, effect: Effect) -> None:
        for step in range(10):
            one = replace(effect, key=f"race-{step}")
            effects.intend(branch, one)
            works: list[Callable[[], None]] = [partial(effects.done, one, "result"), partial(effects.release, one)]
            at_once(lambda place, works=works: works[place](), 2)
            assert found(effects, one) == replace(one, status="done", value="result")


class TestGateways:
    """Sixteen gateways, each a process of its own, that are asked for one effect: by retries, redelivery, other executors, other agents."""

    @pytest.mark.parametrize("repeat", ["keyed", "once"])
    def test_one_calls_and_all_tell_the_result(self, effects: Effects, branch: Branch, repeat: str) -> None:
        tools, ends = self.work(effects, branch, repeat)
        assert tools.acted == 1
        assert [end.value for end in ends] == [{"paid": 100}] * OFTEN
        assert sum(end.repeated for end in ends) == OFTEN - 1

    @pytest.mark.parametrize(("repeat", "asked"), [("keyed", 0), ("once", 1)])
    def test_of_those_that_find_an_intent_whose_caller_is_gone_one_calls(
        self, effects: Effects, branch: Branch, repeat: str, asked: int
    ) -> None:
        manifest = replace(REFUND, repeat=repeat, reconcile=repeat == "once")
        key = effect_key(manifest, branch.run, ARGUMENTS)
        gone = Effect(tenant=branch.tenant, run=branch.run, key=key, tool=REFUND.name, status="intended", deadline=1, by="gone")
        effects.intend(branch, gone)
        tools, ends = self.work(effects, branch, repeat)
        assert tools.acted == 1
        assert tools.asked >= asked
        assert [end.value for end in ends] == [{"paid": 100}] * OFTEN

    def work(self, effects: Effects, branch: Branch, repeat: str) -> tuple["Till", list[Done]]:
        manifest, till = replace(REFUND, repeat=repeat, reconcile=repeat == "once"), Till()

        def gateway(_: int) -> Done:
            hands = Hands(tools=till, effects=effects, clock=clock, pause=lambda milliseconds: time.sleep(milliseconds / 1000))
            until = clock() + 95_000
            return hands.perform(Call(manifest=manifest, arguments=ARGUMENTS, branch=branch, principal="customer-1", until=until))

        return till, at_once(gateway)


class Till:
    """A tool that counts how often it really acted, and says what it knows."""

    def __init__(self) -> None:
        self.acted = self.asked = 0
        self._lock = Lock()

    def call(self, tool: str, event: Any, *, timeout: int) -> Any:  # noqa: ARG002 -- one tool, and nothing is slow
        with self._lock:
            if "reconcile" in event:
                self.asked += 1
                return {"happened": True, "value": {"paid": 100}} if self.acted else {"happened": False}
            self.acted += 1
            return {"paid": 100}


def clock() -> int:
    return time.time_ns() // 1_000_000
