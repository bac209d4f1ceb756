from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.security.effects import Effect, Effects
from tests.contracts.conftest import Storage


@pytest.fixture
def effects(storage: Storage) -> Effects:
    return storage.effects


@pytest.fixture
def effect(tenant: str) -> Effect:
    return Effect(tenant=tenant, run="run-1", key="k", tool="issue_refund", status="intended", deadline=100, by="first")


def found(effects: Effects, effect: Effect) -> Effect | None:
    return effects.get(effect.tenant, effect.run, effect.key)


@pytest.mark.parametrize("again", [False, True])
def test_the_first_intent_is_stored(effects: Effects, effect: Effect, *, again: bool) -> None:
    assert found(effects, effect) is None
    assert effects.intend(effect, now=0, again=again) is None
    assert found(effects, effect) == effect


def test_an_intent_stands_in_the_way_until_its_deadline(effects: Effects, effect: Effect) -> None:
    effects.intend(effect, now=0, again=True)
    later = replace(effect, deadline=300, by="second")
    assert effects.intend(later, now=99, again=True) == effect
    assert effects.intend(later, now=100, again=False) == effect, "what must not be repeated stays intended for ever"
    assert effects.intend(later, now=100, again=True) is None
    assert found(effects, effect) == later


@pytest.mark.parametrize("value", [{"paid": 1.5, "to": "Grüße"}, [], None, "", 0, False, {"large": "x" * 100_000}])
def test_a_result_is_kept_and_stands_for_ever(effects: Effects, effect: Effect, value: Any) -> None:
    effects.intend(effect, now=0, again=True)
    effects.done(effect, value)
    done = replace(effect, status="done", value=value)
    assert found(effects, effect) == done
    effects.done(effect, "another result")
    effects.release(effect)
    assert effects.intend(replace(effect, deadline=900, by="second"), now=500, again=True) == done
    assert found(effects, effect) == done


@pytest.mark.parametrize("again", [False, True])
def test_the_same_intent_again_counts_as_stored_because_the_answer_may_have_been_lost(
    effects: Effects, effect: Effect, *, again: bool
) -> None:
    for _ in range(3):
        assert effects.intend(effect, now=0, again=again) is None
    assert effects.intend(replace(effect, by="second"), now=0, again=again) == effect
    effects.done(effect, "it happened")
    assert effects.intend(effect, now=0, again=again) is not None, "a result stands in everybody's way"


def test_a_released_intent_is_forgotten(effects: Effects, effect: Effect) -> None:
    effects.intend(effect, now=0, again=False)
    effects.release(effect)
    assert found(effects, effect) is None
    assert effects.intend(effect, now=0, again=False) is None


def test_whoever_was_overtaken_cannot_release_the_other_s_intent(effects: Effects, effect: Effect) -> None:
    effects.intend(effect, now=0, again=True)
    overtaking = replace(effect, deadline=300, by="second")
    effects.intend(overtaking, now=100, again=True)
    effects.release(effect)
    assert found(effects, effect) == overtaking


def test_a_late_result_of_whoever_was_overtaken_counts(effects: Effects, effect: Effect) -> None:
    effects.intend(effect, now=0, again=True)
    effects.intend(replace(effect, deadline=300, by="second"), now=100, again=True)
    effects.done(effect, "first")
    effects.done(replace(effect, deadline=300, by="second"), "second")
    kept = found(effects, effect)
    assert kept is not None
    assert (kept.status, kept.value) == ("done", "first")


def test_a_result_counts_though_whoever_overtook_released_the_record(effects: Effects, effect: Effect) -> None:
    effects.intend(effect, now=0, again=True)
    overtaking = replace(effect, deadline=300, by="second")
    effects.intend(overtaking, now=100, again=True)
    effects.release(overtaking)
    effects.done(effect, "it happened")
    assert found(effects, effect) == replace(effect, status="done", value="it happened")


def test_releasing_what_is_not_there_is_nothing(effects: Effects, effect: Effect) -> None:
    effects.release(effect)
    assert found(effects, effect) is None


def test_tenants_runs_and_keys_are_apart(effects: Effects, effect: Effect) -> None:
    others = [replace(effect, tenant=f"{effect.tenant}-2"), replace(effect, run="run-2"), replace(effect, key="k2")]
    effects.intend(effect, now=0, again=False)
    assert [found(effects, other) for other in others] == [None, None, None]
    assert [effects.intend(other, now=0, again=False) for other in others] == [None, None, None]


@pytest.mark.parametrize("again", [False, True])
def test_of_many_intending_at_once_one_may(effects: Effects, effect: Effect, *, again: bool) -> None:
    together = Barrier(12)

    def intend(place: int) -> bool:
        together.wait()
        return effects.intend(replace(effect, by=str(place)), now=0, again=again) is None

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(intend, range(12))) == 1


def test_of_many_taking_a_lapsed_intent_over_one_may(effects: Effects, effect: Effect) -> None:
    effects.intend(effect, now=0, again=True)
    together = Barrier(12)

    def intend(place: int) -> bool:
        together.wait()
        return effects.intend(replace(effect, deadline=500, by=str(place)), now=200, again=True) is None

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(intend, range(12))) == 1


def test_of_a_result_and_a_release_at_once_the_result_stands(effects: Effects, effect: Effect) -> None:
    for place in range(10):
        one = replace(effect, key=f"race-{place}")
        effects.intend(one, now=0, again=True)
        together = Barrier(2)

        def finish(one: Effect = one, together: Barrier = together) -> None:
            together.wait()
            effects.done(one, "result")

        def release(one: Effect = one, together: Barrier = together) -> None:
            together.wait()
            effects.release(one)

        with ThreadPoolExecutor(2) as pool:
            for end in [pool.submit(finish), pool.submit(release)]:
                end.result()
        assert found(effects, one) == replace(one, status="done", value="result")
