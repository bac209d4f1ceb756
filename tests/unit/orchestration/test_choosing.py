"""Which of several agents works next, as a pure function: what always holds, whatever the candidates are."""

import math
from collections import Counter
from copy import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.choices import HALF_LIFE, Past, Tally
from septet.orchestration.choosing import BAND, EXPLORE, Candidate, choose, confidence, drawn, told

DRAWS = st.floats(0, 1, exclude_max=True)
COUNTS = st.floats(0, 1_000)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        agent=st.sampled_from("abcdef"),
        price=st.integers(0, 5),
        stopped=st.booleans(),
        sick=st.booleans(),
        load=st.integers(0, 5),
        full=st.booleans(),
        good=COUNTS,
        bad=COUNTS,
    ),
    max_size=6,
    unique_by=lambda one: one.agent,
)


def able(name: str, **more: Any) -> Candidate:
    return Candidate(agent=name, price=more.pop("price", 1), **more)


@given(CANDIDATES, DRAWS)
def test_a_stopped_one_is_never_chosen_and_a_sick_one_only_when_all_are(candidates: list[Candidate], draw: float) -> None:
    found = choose(candidates, draw)
    there = {one.agent: one for one in candidates if not one.stopped}
    assert bool(found.agent) == bool(there)
    if found.agent:
        assert not there[found.agent].sick or all(one.sick for one in there.values())


@given(CANDIDATES, DRAWS)
def test_the_same_candidates_in_any_order_give_the_same(candidates: list[Candidate], draw: float) -> None:
    assert choose(candidates, draw) == choose(candidates[::-1], draw)


@given(st.integers(2, 6), st.integers(1, 60))
def test_equal_ones_share_the_load(count: int, runs: int) -> None:
    chosen: Counter[str] = Counter()
    for run in range(runs):
        candidates = [able(f"agent{number}", load=chosen[f"agent{number}"]) for number in range(count)]
        chosen[choose(candidates, drawn("acme", f"run-{run}")).agent] += 1
    counts = [chosen[f"agent{number}"] for number in range(count)]
    assert max(counts) - min(counts) <= 1


@given(CANDIDATES.filter(bool), DRAWS)
def test_price_decides_among_equals(candidates: list[Candidate], draw: float) -> None:
    equal = [replace(one, stopped=False, sick=False, full=False, good=3.0, bad=1.0) for one in candidates]
    found = choose(equal, draw).agent
    assert next(one.price for one in equal if one.agent == found) == min(one.price for one in equal)


def test_one_that_is_full_gives_way_to_a_dearer_one_until_all_are() -> None:
    cheap, dear = able("cheap", price=1, full=True), able("dear", price=9)
    assert choose([cheap, dear], 0.5).agent == "dear"
    assert choose([cheap, replace(dear, full=True)], 0.5).agent == "cheap"


@given(good=COUNTS, bad=COUNTS, others=st.integers(1, 5))
def test_no_history_locks_an_agent_out_for_ever(good: float, bad: float, others: int) -> None:
    candidates = [able("unlucky", good=good, bad=bad, price=9), *(able(f"star{number}", good=1_000) for number in range(others))]
    if candidates[0].expected < candidates[1].expected - BAND:
        chosen = [choose(candidates, draw / 1000).agent for draw in range(1000)]
        assert chosen.count("unlucky") == pytest.approx(1000 * EXPLORE, abs=1), "another try, in one choice of ten"
    fading = Past(good=good, bad=bad, at=0).faded(30 * HALF_LIFE)
    assert able("unlucky", good=fading.good, bad=fading.bad).expected == pytest.approx(0.5, abs=0.01), "and in time all is forgotten"


def test_a_few_unlucky_runs_do_not_decide_and_many_do() -> None:
    star = able("star", price=9)
    assert choose([able("unlucky", bad=1), star], 0.5).agent == "unlucky"
    assert choose([able("unlucky", bad=9), star], 0.5).agent == "star"
    assert choose([able("unlucky", bad=9), star], 0.05).agent == "unlucky"


@given(st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.booleans(), st.lists(st.integers())))
def test_a_hostile_confidence_is_none(value: Any) -> None:
    found = confidence(value)
    assert 0 <= found <= 100
    if isinstance(value, bool | str | list) or value is None:
        assert found == 0


def test_confidences() -> None:
    assert [confidence(value) for value in (70, 70.5, 10**400, -(10**400), math.nan, math.inf, -math.inf, "99", True)] == [
        70,
        70.5,
        100,
        0,
        0,
        100,
        0,
        0,
        0,
    ]


@given(CANDIDATES.filter(bool), DRAWS)
def test_a_choice_says_why_and_what_it_was_between(candidates: list[Candidate], draw: float) -> None:
    assert choose(candidates, draw).why
    assert told(candidates).keys() == {one.agent for one in candidates}
    assert not any(isinstance(value, float) for one in told(candidates).values() for value in one.values())


def test_what_is_said_of_a_choice() -> None:
    a, b = able("a"), able("b")
    assert choose([a], 0).why == "the only one"
    assert choose([a, b], 0).why == "equal to the others"
    assert choose([replace(a, price=2), b], 0).why == "cheapest"
    assert choose([replace(a, sick=True), b], 0).why == "healthy"
    assert choose([replace(a, load=2), b], 0).why == "least busy"
    assert choose([], 0).why == "nobody can be chosen"
    assert choose([replace(a, stopped=True)], 0).agent == ""


def test_what_is_remembered_halves_in_a_week_and_is_added_to() -> None:
    past = Past(good=4, bad=2, at=0).also(Tally(good=1), HALF_LIFE)
    assert (past.good, past.bad, past.at) == (3, 1, HALF_LIFE)
    assert past.faded(0) == past, "a clock that goes back makes nobody better or worse"


def test_a_run_draws_the_same_number_again() -> None:
    assert drawn("acme", "run-1") == drawn("acme", "run-1") != drawn("acme", "run-2")
    assert 0 <= drawn("x") < 1
