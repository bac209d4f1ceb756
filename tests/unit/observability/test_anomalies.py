"""What is usual, and what is far more than that."""

import json
from copy import replace
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.aws.alerts import BusAlerts
from septet.core.errors import StoreUnavailable
from septet.core.runs import Run
from septet.core.summaries import Part, Summary
from septet.local.anomalies import MemoryAlerts, MemoryUsuals
from septet.local.observing import MemoryMeter
from septet.local.summaries import MemorySummaries
from septet.observability.anomalies import FACTOR, LEAST, WINDOW, Anomaly, Taken, Usual, Watch, found
from septet.observability.places import Place
from septet.observability.summaries import Digests, State

RUN = Run(tenant="acme", run="run-new", workflow="support", submitter="ann", digest="d", created_at=0, budget=10**9)


def usual(*costs: int, steps: int = 3) -> Usual:
    """Of runs that cost so much."""
    return Usual(
        taken={f"run-{number}": Taken(run=f"run-{number}", ended=number, cost=cost, steps=steps) for number, cost in enumerate(costs)}
    )


def summary(cost: int, steps: int = 1, run: str = "run-new", **more: Any) -> Summary:
    parts = {"main": Part(cost=cost, model_calls=steps)}
    return Summary(tenant="acme", run=run, workflow="support", submitter="ann", status="running", created=0, parts=parts, **more)


class Desk:
    """What watches, and its doubles."""

    def __init__(self, known: Usual | None = None) -> None:
        self.usuals, self.summaries, self.alerts, self.meter, self.now = MemoryUsuals(), MemorySummaries(), MemoryAlerts(), MemoryMeter(), 0
        if known:
            self.usuals.put("acme", "support", known)

    def digests(self, **other: Any) -> Digests:
        given: dict[str, Any] = {
            "usuals": self.usuals,
            "summaries": self.summaries,
            "alerts": self.alerts,
            "meter": self.meter,
            "clock": lambda: self.now,
        }
        return Digests(summaries=self.summaries, watch=Watch(**given | other))

    @property
    def told(self) -> list[tuple[str, int]]:
        return [(one.way, one.value) for one in self.alerts.told]

    @property
    def measured(self) -> list[tuple[str, str]]:
        return [(one.dimensions["workflow"], one.dimensions["kind"]) for one in self.meter.measures if one.metric == "Anomalies"]


def state(cost: int, steps: int = 1, through: int = 0) -> State:
    return State(part=Part(cost=cost, model_calls=steps, through=through))


def test_a_run_is_flagged_once_in_each_way_while_it_goes_on() -> None:
    desk = Desk(usual(*[100] * LEAST))
    digests = desk.digests()
    for through, (cost, steps) in enumerate([(100, 1), (200, 6), (201, 6), (300, 7), (900, 20)]):
        for _ in range(2):
            digests.keep(Place(run=RUN), state(cost, steps, through))
    assert desk.told == [("cost", 201), ("steps", 7)]
    assert desk.measured == [("support", "cost"), ("support", "steps")]
    stands = desk.summaries.get("acme", "run-new")
    assert stands is not None
    assert stands.flagged == ("cost", "steps")


def test_what_branches_took_counts_together() -> None:
    desk = Desk(usual(*[100] * LEAST))
    for path in ("main", "s-0", "s-1"):
        desk.digests().keep(Place(run=RUN, path=path), state(70))
    assert desk.told == [("cost", 210)]


def test_without_enough_runs_nothing_is_usual() -> None:
    assert found(summary(10**9), usual(*[1] * (LEAST - 1)), 0) == ()
    assert [one.way for one in found(summary(10**9), usual(*[1] * LEAST), 0)] == ["cost"]


def test_what_is_told_says_what_it_was_held_against() -> None:
    (one,) = found(summary(500, attempt=2), usual(*range(1, 31)), 77)
    assert one == Anomaly(tenant="acme", run="run-new", workflow="support", attempt=2, way="cost", value=500, usual=30, known=30, at=77)


def test_a_run_is_not_held_against_itself() -> None:
    known = usual(*[100] * LEAST).joined(Taken(run="run-new", ended=99, cost=201, steps=1))
    assert found(summary(201), known, 0)


def test_only_what_succeeded_is_learnt_and_once() -> None:
    desk = Desk()
    ended = replace(RUN, status="succeeded", ended_at=9)
    for run in (ended, ended, replace(ended, run="run-2", status="failed"), replace(ended, run="run-3", status="stopped")):
        desk.digests().close(run, {"main": state(5)})
    assert desk.usuals.get("acme", "support").taken == {"run-new": Taken(run="run-new", ended=9, cost=5, steps=1)}
    assert desk.usuals.get("acme", "support").version == 1


def test_of_several_that_learn_at_once_none_overwrites_another() -> None:
    class Raced(MemoryUsuals):
        races = 3

        def get(self, tenant: str, workflow: str) -> Usual:
            before = super().get(tenant, workflow)
            if Raced.races:
                Raced.races -= 1
                other = Taken(run=f"run-{Raced.races}", ended=1, cost=1, steps=1)
                self.put(tenant, workflow, before.joined(other))
            return before

    held = Raced()
    Desk().digests(usuals=held).close(replace(RUN, status="succeeded", ended_at=9), {"main": state(5)})
    assert set(held.get("acme", "support").taken) == {"run-0", "run-1", "run-2", "run-new"}


def test_an_event_that_nobody_took_is_told_again_and_measured_once() -> None:
    class Deaf(MemoryAlerts):
        def tell(self, anomaly: Anomaly) -> None:
            super().tell(anomaly)
            if len(self.told) == 1:
                raise StoreUnavailable("the bus")

    desk = Desk(usual(*[100] * LEAST))
    desk.alerts = Deaf()
    with pytest.raises(StoreUnavailable):
        desk.digests().keep(Place(run=RUN), state(500))
    assert desk.measured == []
    desk.digests().keep(Place(run=RUN), state(500))
    assert (desk.told, desk.measured) == ([("cost", 500)] * 2, [("support", "cost")])


def test_what_is_usual_is_read_again_after_a_minute() -> None:
    desk = Desk()
    digests = desk.digests()
    digests.keep(Place(run=RUN), state(500))
    desk.usuals.put("acme", "support", usual(*[100] * LEAST))
    digests.keep(Place(run=RUN), state(501, 1, 1))
    assert desk.told == []
    desk.now = 60_000
    digests.keep(Place(run=RUN), state(502, 1, 2))
    assert desk.told == [("cost", 502)]


def test_another_tenants_runs_say_nothing() -> None:
    desk = Desk(usual(*[100] * LEAST))
    desk.digests().keep(Place(run=replace(RUN, tenant="other")), state(500))
    desk.digests().keep(Place(run=replace(RUN, workflow="batch")), state(500))
    assert desk.told == []


def test_without_a_watch_nothing_is_flagged_and_nothing_learnt() -> None:
    desk = Desk(usual(*[100] * LEAST))
    digests = Digests(summaries=desk.summaries)
    digests.keep(Place(run=RUN), state(500))
    digests.close(replace(RUN, status="succeeded", ended_at=9), {"main": state(500)})
    assert (desk.told, desk.measured, desk.usuals.get("acme", "support").version) == ([], [], 1)


takens = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=WINDOW + 40, unique_by=lambda one: one[0])


@given(takens, st.randoms(use_true_random=False))
def test_in_whatever_order_and_however_often_runs_are_learnt_it_is_the_same(told: list[tuple[int, int]], chance: Any) -> None:
    runs = [Taken(run=f"run-{ended}", ended=ended, cost=cost, steps=1) for ended, cost in told]
    again = runs + [one for one in runs if chance.random() < 0.3]
    chance.shuffle(again)
    one, other = Usual(), Usual()
    for taken in runs:
        one = one.joined(taken)
    for taken in again:
        other = other.joined(taken)
    assert one.taken == other.taken
    assert len(one.taken) == min(len(runs), WINDOW)
    assert {taken.ended for taken in one.taken.values()} == set(sorted(taken.ended for taken in runs)[-WINDOW:])


@given(st.lists(st.integers(0, 10**6), min_size=LEAST, max_size=WINDOW))
def test_the_percentile_is_a_runs_own_figure_that_99_of_100_do_not_exceed(costs: list[int]) -> None:
    most = usual(*costs).percentile("cost")
    assert most in costs
    assert sum(cost > most for cost in costs) <= len(costs) / 100
    assert sum(cost >= most for cost in costs) > len(costs) / 100 or len(costs) == 100


def bound(known: int) -> int:
    """Of so many runs and one more, how many can lie above the 99th percentile of the others."""
    return known + 1 - ceil(known * 99 / 100)


@given(st.lists(st.integers(0, 10**9), min_size=LEAST + 1, max_size=WINDOW + 1))
def test_of_runs_alike_no_more_are_flagged_than_the_page_says(costs: list[int]) -> None:
    """Each is held against all others: as likely as any of them to be the new one, it is a false alarm at most so often."""
    flagged = sum(bool(found(summary(cost, run=f"run-{number}"), usual(*costs), 0)) for number, cost in enumerate(costs))
    assert flagged <= bound(len(costs) - 1)


def test_what_the_page_says_of_false_alarms() -> None:
    assert bound(LEAST) / (LEAST + 1) == pytest.approx(1 / 21)
    assert bound(WINDOW) / (WINDOW + 1) == 0.01
    assert max(bound(known) / (known + 1) for known in range(LEAST, WINDOW + 1)) == bound(LEAST) / (LEAST + 1)


@given(st.lists(st.integers(1, 10**6), min_size=LEAST, max_size=WINDOW), st.integers(0, 10**7))
def test_more_than_twice_what_99_of_100_take_is_always_flagged_and_no_less_ever(costs: list[int], cost: int) -> None:
    known = usual(*costs)
    most = known.percentile("cost")
    assert most is not None
    assert bool(found(summary(cost), known, 0)) is (cost > FACTOR * most)


@given(st.lists(st.integers(1, 10**6), min_size=2 * LEAST, max_size=WINDOW - 2), st.integers(10**8, 10**9))
def test_one_run_that_ran_away_and_succeeded_hides_no_other_once_there_are_a_hundred(costs: list[int], cost: int) -> None:
    known = usual(*costs, cost)
    assert bool(found(summary(cost), known, 0)) is (len(costs) + 1 >= 100)


class Bus:
    """A double of EventBridge's client."""

    def __init__(self, failed: int = 0) -> None:
        self.failed = failed
        self.put: list[Any] = []

    def put_events(self, **asked: Any) -> dict[str, Any]:
        self.put.append(asked)
        return {"FailedEntryCount": self.failed}


def test_the_event_has_ids_and_figures_and_nothing_else() -> None:
    bus, one = Bus(), found(summary(500), usual(*[100] * LEAST), 77)[0]
    BusAlerts(bus, "septet-x-events").tell(one)
    ((entry,),) = [asked["Entries"] for asked in bus.put]
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == ("septet-x-events", "septet.observability", "RunAnomaly")
    assert json.loads(entry["Detail"]) == {
        "tenant": "acme",
        "run": "run-new",
        "workflow": "support",
        "attempt": 0,
        "kind": "cost",
        "value": 500,
        "usual": 100,
        "known": 20,
        "at": 77,
    }


def test_an_answer_that_says_it_was_not_taken_is_trouble() -> None:
    with pytest.raises(StoreUnavailable):
        BusAlerts(Bus(failed=1), "b").tell(found(summary(500), usual(*[100] * LEAST), 77)[0])


def test_of_two_who_see_it_at_once_one_measures_it() -> None:
    desk = Desk(usual(*[100] * LEAST))
    digests, seen = desk.digests(), desk.summaries.put(summary(500))
    assert digests.watch is not None
    for _ in range(2):
        digests.watch.look(seen)
    assert (desk.told, desk.measured) == ([("cost", 500)] * 2, [("support", "cost")])


@pytest.mark.parametrize("order", [range(WINDOW + 40), reversed(range(WINDOW + 40))])
def test_the_latest_runs_are_remembered_and_no_more(order: Any) -> None:
    known = Usual()
    for ended in order:
        known = known.joined(Taken(run=f"run-{ended}", ended=ended, cost=1, steps=1))
    assert sorted(one.ended for one in known.taken.values()) == list(range(40, WINDOW + 40))
