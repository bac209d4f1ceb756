"""What policies are told of a run's past, held against a count from the beginning."""

import json
from collections.abc import Mapping, Sequence
from math import ceil, inf, nan
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.security.history import MOST, History
from septet.security.manifests import Argument, Manifest
from tests.unit.strategies import quick

PAY = Manifest(name="pay", effect="financial", identity=("to", "cents"), arguments={"cents": Argument(role="amount")})
MOVE = Manifest(name="move", effect="financial", identity=("to",), arguments={"cents": Argument(role="amount")})
TELL = Manifest(name="tell", effect="send")
TOOLS = (PAY, MOVE, TELL)
NOTHING = {"calls": 0, "sum": 0, "idle_ms": -1, "before": []}


class Intended(NamedTuple):
    manifest: Manifest
    arguments: Mapping[str, Any]
    at: int


class Finished(NamedTuple):
    tool: str
    ok: bool


type Event = Intended | Finished

calls = st.fixed_dictionaries({"to": st.sampled_from(["a", "b"]), "cents": st.integers(-3, 9) | st.sampled_from([0.5, "7", None, True])})
events = st.lists(
    st.builds(Intended, st.sampled_from(TOOLS), calls, st.integers(0, 50))
    | st.builds(Finished, st.sampled_from([tool.name for tool in TOOLS]), st.booleans()),
    max_size=14,
)


def played(history: History, past: Sequence[Event]) -> History:
    for event in past:
        match event:
            case Intended(manifest, arguments, at):
                history.intended(manifest, arguments, at)
            case Finished(tool, ok):
                history.finished(tool, ok=ok)
    return history


def counted(past: Sequence[Event], manifest: Manifest, arguments: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The same facts by going through all that was, as an auditor would."""
    others: dict[object, list[Intended]] = {}
    for position, event in enumerate(past):
        if isinstance(event, Intended) and event.manifest.name == manifest.name:
            same = manifest.identified(event.arguments) if manifest.identity else position
            if not manifest.identity or same != manifest.identified(arguments):
                others.setdefault(same, []).append(event)
    last = max((times[-1].at for times in others.values()), default=-1) if not manifest.identity else _latest(others, past)
    return {
        "calls": len(others),
        "sum": sum(max(_amount(manifest, event.arguments) for event in times) for times in others.values()),
        "idle_ms": -1 if last < 0 else max(0, now - last),
        "before": sorted({event.tool for event in past if isinstance(event, Finished) and event.ok}),
    }


def _latest(others: Mapping[object, list[Intended]], past: Sequence[Event]) -> int:
    mine = {id(event) for times in others.values() for event in times}
    return next((event.at for event in reversed(past) if isinstance(event, Intended) and id(event) in mine), -1)


def _amount(manifest: Manifest, arguments: Mapping[str, Any]) -> int:
    value = arguments["cents"]
    counts = "cents" in manifest.arguments and type(value) in {int, float} and value > 0
    return ceil(value) if counts else 0


@quick
@given(past=events, manifest=st.sampled_from(TOOLS), arguments=calls, cut=st.integers(0, 14))
def test_what_is_kept_as_the_run_goes_on_is_what_a_count_from_the_beginning_gives(
    past: list[Event], manifest: Manifest, arguments: dict[str, Any], cut: int
) -> None:
    times = sorted(event.at for event in past if isinstance(event, Intended))
    steps = iter(times)  # time does not run backwards within a branch
    past = [event._replace(at=next(steps)) if isinstance(event, Intended) else event for event in past]
    resumed = History.restored(json.loads(json.dumps(played(History(), past[:cut]).state())))
    assert played(resumed, past[cut:]).facts(manifest, arguments, 60) == counted(past, manifest, arguments, 60)


def test_before_anything_happened_there_is_nothing() -> None:
    assert History().facts(PAY, {"to": "a", "cents": 5}, 1) == NOTHING


def test_a_call_is_not_held_against_itself() -> None:
    history = History()
    history.intended(PAY, {"to": "a", "cents": 5}, 10)
    assert history.facts(PAY, {"to": "a", "cents": 5}, 12) == NOTHING
    assert history.facts(PAY, {"to": "a", "cents": 6}, 12) == {"calls": 1, "sum": 5, "idle_ms": 2, "before": []}


def test_the_same_effect_worded_with_less_does_not_take_back_what_it_was() -> None:
    history = History()
    for cents in (9, 1):
        history.intended(MOVE, {"to": "a", "cents": cents}, 1)
    assert history.facts(MOVE, {"to": "b"}, 1)["sum"] == 9


def test_only_what_succeeded_went_before() -> None:
    history = History()
    history.finished("pay", ok=False)
    assert history.facts(TELL, {}, 1)["before"] == []
    history.finished("pay", ok=True)
    assert history.facts(TELL, {}, 1)["before"] == ["pay"]


@pytest.mark.parametrize(
    ("value", "counts"),
    [(3, 3), (0.1, 1), (-5, 0), (True, 0), ("9", 0), (None, 0), (nan, 0), (inf, MOST), (10**30, MOST), ([2, {"cents": 3}], 2)],
)
def test_an_amount_counts_as_a_whole_number_and_never_as_less_than_nothing(value: Any, counts: int) -> None:
    history = History()
    told = Manifest(name="pay", arguments={"cents": Argument(role="amount"), "cents[].cents": Argument(role="flag")})
    history.intended(told, {"cents": value}, 1)
    assert history.facts(told, {}, 1)["sum"] == counts


def test_what_is_more_than_a_policy_can_hold_counts_as_the_most_it_can() -> None:
    history = History()
    for to in "ab":
        history.intended(PAY, {"to": to, "cents": MOST}, 1)
    assert history.facts(PAY, {"to": "c", "cents": 1}, 1)["sum"] == MOST


def test_a_clock_that_goes_back_makes_no_time_pass() -> None:
    history = History()
    history.intended(TELL, {}, 10)
    assert history.facts(TELL, {}, 4)["idle_ms"] == 0


@quick
@given(shared=events, one=events, other=events, manifest=st.sampled_from(TOOLS), arguments=calls)
def test_where_branches_merge_no_limit_is_reached_later_than_on_either(
    shared: list[Event], one: list[Event], other: list[Event], manifest: Manifest, arguments: dict[str, Any]
) -> None:
    both = [played(History(), [*shared, *own]) for own in (one, other)]
    facts = [history.facts(manifest, arguments, 60) for history in both]
    merged = both[0].joined(both[1])
    found = merged.facts(manifest, arguments, 60)
    assert found["calls"] >= max(fact["calls"] for fact in facts)
    assert found["sum"] >= max(fact["sum"] for fact in facts)
    assert found["before"] == sorted({*facts[0]["before"], *facts[1]["before"]})
    assert (found["idle_ms"] < 0) == all(fact["idle_ms"] < 0 for fact in facts)
    assert [history.facts(manifest, arguments, 60) for history in both] == facts  # and those merged are as they were
    assert merged.facts(manifest, arguments, 60) == History.restored(merged.state()).facts(manifest, arguments, 60)


def test_one_effect_on_both_branches_is_one() -> None:
    both = [History(), History()]
    for at, history in enumerate(both):
        history.intended(PAY, {"to": "a", "cents": 5}, at)
        history.intended(TELL, {}, at)
    merged = both[1].joined(both[0])
    assert merged.facts(PAY, {"to": "b", "cents": 1}, 3) == {"calls": 1, "sum": 5, "idle_ms": 2, "before": []}
    assert merged.facts(TELL, {}, 3)["calls"] == 2


def test_where_branches_merge_the_last_call_is_the_latest_of_both() -> None:
    early, late = History(), History()
    early.intended(PAY, {"to": "a", "cents": 5}, 3)
    late.intended(PAY, {"to": "b", "cents": 5}, 9)
    found = [one.joined(other).facts(PAY, {"to": "c", "cents": 1}, 10)["idle_ms"] for one, other in ((early, late), (late, early))]
    assert found == [1, 1]


def test_state_holds_no_text_of_an_argument() -> None:
    history = History()
    history.intended(PAY, {"to": "grandmother", "cents": 5}, 10)
    assert "grandmother" not in json.dumps(history.state())


@quick
@given(events, st.lists(events, min_size=1, max_size=3), st.sampled_from(TOOLS), calls)
def test_branches_that_part_and_join_count_what_was_before_once(
    before: list[Event], branches: list[list[Event]], manifest: Manifest, arguments: Mapping[str, Any]
) -> None:
    """As if all of it had happened in one branch: no limit is reached late, and none early."""
    main = played(History(), before)
    for past in branches:
        main = main.joined(played(History.restored(played(History(), before).parted().state()), past))
    everything = played(History(), [*before, *(event for past in branches for event in past)])
    found, expected = main.facts(manifest, arguments, 60), everything.facts(manifest, arguments, 60)
    assert {name: found[name] for name in ("calls", "sum", "before")} == {name: expected[name] for name in ("calls", "sum", "before")}
