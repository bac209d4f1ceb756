"""Ordering replays, seeing how far they are, and having them go on."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from copy import replace
from typing import Any

import pytest

from septet.core.errors import Fenced, StoreUnavailable
from septet.core.replays import IDLE, LAST, MOST, Missed
from septet.integration.problems import Kind, Problem
from septet.integration.replaying import AGAIN_SECONDS, Wanted, order, progress, resume
from tests.unit.integration.conftest import Office, principal

OLGA = principal("olga", "operator")


def test_an_order_is_written_and_whoever_carries_it_out_is_called(office: Office) -> None:
    run = office.start()
    made = order(Wanted(run=run), None, OLGA, office.ports).replay
    assert (made.of, made.run, made.by, made.status, made.before) == ("acme", run, "olga", "running", (office.clock.now, LAST))
    assert office.replayed == [("acme", made.replay)]
    assert progress(made.replay, OLGA, office.ports).replay == made


def test_the_same_key_is_the_same_replay_which_is_called_again_until_it_is_over(office: Office) -> None:
    first = order(Wanted(since="2026-11-01"), "once", OLGA, office.ports).replay
    office.clock.now += 60_000
    assert order(Wanted(since="2026-11-01"), "once", OLGA, office.ports).replay == first
    assert office.replayed == [("acme", first.replay)] * 2
    with pytest.raises(Problem, match="take a new key"):
        order(Wanted(since="2026-11-02"), "once", OLGA, office.ports)
    office.replays.keep(replace(first, status="finished"))
    assert order(Wanted(since="2026-11-01"), "once", OLGA, office.ports).replay.status == "finished"
    assert len(office.replayed) == 2
    assert order(Wanted(since="2026-11-01"), "twice", OLGA, office.ports).replay.replay != first.replay
    assert order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay.replay != first.replay


def test_a_key_is_the_one_it_was_when_the_secret_was_changed_since(office: Office) -> None:
    first = order(Wanted(since="2026-11-01"), "once", OLGA, office.ports).replay
    office.id_keys = (b"another", *office.id_keys)
    assert order(Wanted(since="2026-11-01"), "once", OLGA, office.ports).replay == first
    with pytest.raises(Problem, match="visible ASCII"):
        order(Wanted(since="2026-11-01"), "not one", OLGA, office.ports)


def test_an_order_that_broke_off_before_anybody_was_called_is_carried_out_when_it_is_repeated(office: Office) -> None:
    def out(*_: Any) -> None:
        raise StoreUnavailable("the queue of replays")

    with pytest.raises(StoreUnavailable):
        order(Wanted(since="2026-11-01"), "once", OLGA, replace(office.ports, replay=out))
    order(Wanted(since="2026-11-01"), "once", OLGA, office.ports)
    assert len(office.replayed) == 1


@pytest.mark.parametrize(
    ("since", "milliseconds"),
    [
        ("2026-11-23", 1_795_392_000_000),
        ("2026-11-23T10:00:00Z", 1_795_428_000_000),
        ("2026-11-23T10:00:00.5+01:00", 1_795_424_400_500),
        ("0001-01-01", 0),
    ],
)
def test_a_day_begins_in_utc_and_a_time_says_where(office: Office, since: str, milliseconds: int) -> None:
    assert order(Wanted(since=since), None, OLGA, office.ports).replay.since == milliseconds


def test_what_is_no_time_is_refused(office: Office) -> None:
    with pytest.raises(Problem, match="since: is no day"):
        order(Wanted(since="2026-02-30"), None, OLGA, office.ports)


def test_another_tenants_runs_are_for_operators_of_the_platform(office: Office) -> None:
    with pytest.raises(Problem) as refused:
        order(Wanted(tenant="other"), None, OLGA, office.ports)
    assert refused.value.kind is Kind.FORBIDDEN
    made = order(Wanted(tenant="acme"), None, principal("omar", "operator", tenant="operations"), office.ports).replay
    assert (made.tenant, made.of) == ("operations", "acme")
    with pytest.raises(Problem, match="there is no replay"):
        progress(made.replay, OLGA, office.ports)
    assert order(Wanted(tenant="acme"), None, OLGA, office.ports).replay.of == "acme", "one's own may be named"


def test_a_run_that_is_not_there_cannot_be_replayed(office: Office) -> None:
    with pytest.raises(Problem, match="there is no run"):
        order(Wanted(run="run-" + "0" * 26), None, OLGA, office.ports)


def test_one_that_stalled_goes_on_and_one_that_is_over_does_not(office: Office) -> None:
    made = order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay
    stalled = office.replays.keep(replace(made, status="stalled", reason="StoreUnavailable: 503", failed=3, done=3))
    office.replays.miss(stalled, 0, Missed(run="run-1", reason="StoreUnavailable: 503"))
    assert progress(made.replay, OLGA, office.ports).missed == (Missed(run="run-1", reason="StoreUnavailable: 503"),)
    office.clock.now += 1
    going = resume(made.replay, OLGA, office.ports).replay
    assert (going.status, going.reason, going.done, going.touched_at) == ("running", "", 3, office.clock.now)
    assert office.replayed == [("acme", made.replay)] * 2
    resume(made.replay, OLGA, office.ports)
    assert office.replayed == [("acme", made.replay)] * 3, "one that nobody goes on with is called again"
    office.replays.keep(replace(going, status="finished"))
    assert resume(made.replay, OLGA, office.ports).replay.status == "finished"
    assert len(office.replayed) == 3


def test_two_who_have_it_go_on_at_once_are_one(office: Office) -> None:
    made = order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay
    office.replays.keep(replace(made, status="stalled"))

    class Slow:
        """While the first has read it, another has it go on."""

        def __getattr__(self, name: str) -> Any:
            if name == "resume" and office.replays.get("acme", made.replay).status == "stalled":
                resume(made.replay, OLGA, office.ports)
            return getattr(office.replays, name)

    assert resume(made.replay, OLGA, replace(office.ports, replays=Slow())).replay.status == "running"


def test_only_so_many_of_a_tenants_go_on_at_once_and_one_that_is_over_makes_room(office: Office) -> None:
    made = [order(Wanted(since="2026-11-01"), f"key-{number}", OLGA, office.ports).replay for number in range(MOST)]
    with pytest.raises(Problem, match="replays go on that your tenant's operators ordered") as refused:
        order(Wanted(since="2026-11-01"), "late", OLGA, office.ports)
    assert (refused.value.kind, refused.value.retry_after) == (Kind.OVERLOADED, AGAIN_SECONDS)
    assert all(one.replay in refused.value.detail for one in made)
    assert len(office.replayed) == MOST, "nobody is called"
    assert order(Wanted(since="2026-11-01"), "key-0", OLGA, office.ports).replay == made[0], "the same order again"
    assert order(Wanted(since="2026-11-01"), None, principal("omar", "operator", tenant="other"), office.ports).replay.tenant == "other"
    office.replays.keep(replace(made[1], status="finished"))
    late = order(Wanted(since="2026-11-01"), "late", OLGA, office.ports).replay
    assert office.replays.going("acme").replays == (made[0].replay, *(one.replay for one in made[2:]), late.replay)


def test_one_that_stalled_makes_room_and_finds_none_until_another_is_over(office: Office) -> None:
    first = order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay
    office.replays.keep(replace(first, status="stalled"))
    others = [order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay for _ in range(MOST)]
    with pytest.raises(Problem, match="this one can when one of them is over"):
        resume(first.replay, OLGA, office.ports)
    office.replays.keep(replace(others[0], status="finished"))
    assert resume(first.replay, OLGA, office.ports).replay.status == "running"
    with pytest.raises(Problem, match="this one can when one of them is over"):
        order(Wanted(since="2026-11-01"), None, OLGA, office.ports)


def test_one_that_nobody_goes_on_with_is_in_nobodys_way_after_a_day(office: Office) -> None:
    forgotten = [order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay for _ in range(MOST)]
    office.clock.now += IDLE - 1
    assert resume(forgotten[0].replay, OLGA, office.ports).replay == forgotten[0], "called, and otherwise left as it is"
    with pytest.raises(Problem, match="replays go on"):
        order(Wanted(since="2026-11-01"), None, OLGA, office.ports)
    office.clock.now += 1
    for _ in range(MOST):
        order(Wanted(since="2026-11-01"), None, OLGA, office.ports)
    with pytest.raises(Problem, match="replays go on"):
        resume(forgotten[0].replay, OLGA, office.ports)


def test_one_that_nobody_went_on_with_takes_a_place_again(office: Office) -> None:
    forgotten = order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay
    office.clock.now += IDLE
    assert resume(forgotten.replay, OLGA, office.ports).replay.touched_at == office.clock.now
    for _ in range(MOST - 1):
        order(Wanted(since="2026-11-01"), None, OLGA, office.ports)
    with pytest.raises(Problem, match="replays go on"):
        order(Wanted(since="2026-11-01"), None, OLGA, office.ports)


def test_the_same_order_again_is_answered_also_when_it_is_over_and_others_go_on(office: Office) -> None:
    first = order(Wanted(since="2026-11-01"), "once", OLGA, office.ports).replay
    office.replays.keep(replace(first, status="finished"))
    for _ in range(MOST):
        order(Wanted(since="2026-11-01"), None, OLGA, office.ports)
    assert order(Wanted(since="2026-11-01"), "once", OLGA, office.ports).replay.status == "finished"


def test_of_many_orders_at_once_as_many_are_let_in_as_may(office: Office) -> None:
    def ordered(_: int) -> str:
        try:
            return order(Wanted(since="2026-11-01"), None, OLGA, office.ports).replay.status
        except Problem as problem:
            return problem.kind.name

    with ThreadPoolExecutor(8) as pool:
        found = Counter(pool.map(ordered, range(40)))
    assert found == {"running": MOST, "OVERLOADED": 40 - MOST}


def test_who_never_finds_it_as_it_was_is_told_to_try_again(office: Office) -> None:
    class Busy:
        """Somebody else is let in each time."""

        def __getattr__(self, name: str) -> Any:
            return getattr(office.replays, name)

        def create(self, *_: Any) -> Any:
            raise Fenced("another replay was let in")

    with pytest.raises(Problem, match="nothing was ordered") as refused:
        order(Wanted(since="2026-11-01"), None, OLGA, replace(office.ports, replays=Busy()))
    assert refused.value.kind is Kind.UNAVAILABLE
