"""What every store of summaries, and of what is usual, promises."""

from collections.abc import Mapping
from copy import replace
from itertools import permutations

import pytest

from septet.aws.summaries import DynamoSummaries
from septet.aws.usuals import DynamoUsuals
from septet.core.errors import Fenced, InputRejected
from septet.core.summaries import Part, Summaries, Summary, Wanted
from septet.local.anomalies import MemoryUsuals
from septet.local.summaries import MemorySummaries
from septet.observability.anomalies import Taken, Usual, Usuals


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def summaries(request: pytest.FixtureRequest) -> Summaries:
    if request.param == "memory":
        return MemorySummaries()
    return DynamoSummaries(request.getfixturevalue("aws").dynamodb, "contracts-summaries")


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def usuals(request: pytest.FixtureRequest) -> Usuals:
    if request.param == "memory":
        return MemoryUsuals()
    return DynamoUsuals(request.getfixturevalue("aws").dynamodb, "contracts-summaries")


def part(through: int = 1, *agents: str, cost: int = 5) -> Part:
    return Part(through=through, began=10, model_calls=through, cost=cost, agents=agents, failing=agents[-1] if agents else "")


def running(tenant: str, run: str = "run-1", parts: Mapping[str, Part] | None = None, **more: Part) -> Summary:
    held = {**(parts or {}), **more} or {"main": part()}
    return Summary(tenant=tenant, run=run, workflow="support", submitter="ann", status="running", created=5, budget=100, parts=held)


def over(one: Summary, ended: int = 90, status: str = "failed", error: str = "ToolFailed", kind: str = "tool") -> Summary:
    done = status == "succeeded"
    return replace(one, status=status, ended=ended, error="" if done else error, kind="" if done else kind)


def test_what_was_put_is_read_whole(summaries: Summaries, tenant: str) -> None:
    one = over(replace(running(tenant, parts={"a.1-2": part(1, "refunds")}, main=part(3, "triage", "/a.1-2")), parent="run-0"))
    assert summaries.get(tenant, "run-1") is None
    assert summaries.put(one) == one
    assert summaries.get(tenant, "run-1") == one
    assert summaries.get(f"{tenant}-2", "run-1") is None


def test_parts_come_one_by_one_and_make_a_whole(summaries: Summaries, tenant: str) -> None:
    summaries.put(running(tenant, main=part(1, cost=3)))
    stands = summaries.put(running(tenant, side=part(1, cost=4)))
    assert (set(stands.parts), stands.cost) == ({"main", "side"}, 7)


def test_of_the_same_entries_the_part_with_fewer_gaps_stands(summaries: Summaries, tenant: str) -> None:
    whole, gapped = part(9, cost=8), replace(part(9, cost=2), gaps=2)
    for put, stands in ((gapped, gapped), (replace(gapped, gaps=3), gapped), (whole, whole), (gapped, whole)):
        assert summaries.put(running(tenant, main=put)).parts == {"main": stands}
    later = replace(gapped, through=10)
    assert summaries.put(running(tenant, main=later)).parts == {"main": later}


def test_in_whatever_order_it_is_written_the_latest_stands(summaries: Summaries, tenant: str) -> None:
    early, late = running(tenant, main=part(1, "a", cost=1)), running(tenant, main=part(4, "a", "b", cost=9), side=part(2, "c"))
    ended = over(replace(late, parts={"main": part(3, "a", cost=8)}))
    again = replace(running(tenant, main=part(2, "a", cost=2)), attempt=1)
    for number, order in enumerate(permutations([early, late, ended, again])):
        run = f"run-{number}"
        for one in (*order, order[0]):
            summaries.put(replace(one, run=run))
        assert summaries.get(tenant, run) == replace(again, run=run, parts=late.parts), order


def test_a_run_that_goes_on_again_has_not_ended(summaries: Summaries, tenant: str) -> None:
    summaries.put(over(running(tenant)))
    summaries.put(replace(running(tenant), attempt=1))
    assert summaries.page(tenant, Wanted(), limit=5).summaries == ()
    stands = summaries.get(tenant, "run-1")
    assert stands is not None
    assert (stands.error, stands.kind, stands.ended) == ("", "", None)


def test_many_branches_are_written(summaries: Summaries, tenant: str) -> None:
    one = over(running(tenant, parts={f"specialists-{number}": part(number, f"agent-{number}") for number in range(70)}))
    summaries.put(one)
    assert summaries.get(tenant, "run-1") == one


def test_what_has_ended_is_found_the_latest_first(summaries: Summaries, tenant: str) -> None:
    for number in range(7):
        summaries.put(over(running(tenant, f"run-{number}"), ended=90 + number // 2))
        summaries.put(over(running(f"{tenant}-2", f"run-{number}"), ended=95))
    summaries.put(running(tenant, "run-open"))
    found, cursor = [], None
    while True:
        page = summaries.page(tenant, Wanted(since=90, until=92), limit=2, cursor=cursor)
        found += [one.run for one in page.summaries]
        cursor = page.next
        if cursor is None:
            break
    assert found == [f"run-{number}" for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(workflow="batch"), ["run-5"]),
        (Wanted(error="LoopDetected"), ["run-3"]),
        (Wanted(kind="tool"), ["run-5", "run-4", "run-1"]),
        (Wanted(agent="refunds"), ["run-2"]),
        (Wanted(agent="refund"), []),
        (Wanted(status="succeeded"), ["run-2"]),
        (Wanted(submitter="bob"), ["run-4"]),
        (Wanted(failed=True), ["run-5", "run-4", "run-3", "run-1"]),
        (Wanted(failed=True, kind="tool", workflow="support", submitter="ann", since=91), ["run-1"]),
        (Wanted(since=93, until=94), ["run-4", "run-3"]),
        (Wanted(since=94, until=93), []),
        (Wanted(since=-(10**12), until=-1), []),
        (Wanted(since=-1, until=10**18), ["run-5", "run-4", "run-3", "run-2", "run-1"]),
    ],
)
def test_only_what_is_wanted_is_found(summaries: Summaries, tenant: str, wanted: Wanted, found: list[str]) -> None:
    summaries.put(over(running(tenant, "run-1"), 91))
    summaries.put(over(running(tenant, "run-2", main=part(1, "triage", "refunds")), 92, "succeeded"))
    summaries.put(over(running(tenant, "run-3"), 93, error="LoopDetected", kind="loop"))
    summaries.put(over(replace(running(tenant, "run-4"), submitter="bob"), 94))
    summaries.put(over(replace(running(tenant, "run-5"), workflow="batch"), 95))
    assert [one.run for one in summaries.page(tenant, wanted, limit=9).summaries] == found


@pytest.mark.parametrize("cursor", ["", "x", "12.run-1", "000000000000001.run/1", "000000000000001.run-1\n"])
def test_a_cursor_of_somebodys_own_making_is_refused(summaries: Summaries, tenant: str, cursor: str) -> None:
    with pytest.raises(InputRejected):
        summaries.page(tenant, Wanted(), limit=1, cursor=cursor)


def test_a_run_is_flagged_once_in_each_way_and_stays_so(summaries: Summaries, tenant: str) -> None:
    summaries.put(running(tenant))
    assert [summaries.flag(tenant, "run-1", way) for way in ("cost", "steps", "cost", "steps")] == [True, True, False, False]
    assert summaries.put(over(running(tenant))).flagged == ("cost", "steps")


def test_what_was_flagged_is_found(summaries: Summaries, tenant: str) -> None:
    for number in range(3):
        summaries.put(over(running(tenant, f"run-{number}")))
    for run, way in (("run-0", "cost"), ("run-1", "cost"), ("run-1", "steps")):
        summaries.flag(tenant, run, way)
    found = {way: {one.run for one in summaries.page(tenant, Wanted(flagged=way), limit=9).summaries} for way in ("any", "cost", "steps")}
    assert found == {"any": {"run-0", "run-1"}, "cost": {"run-0", "run-1"}, "steps": {"run-1"}}


def test_what_is_usual_is_written_by_one_at_a_time(usuals: Usuals, tenant: str) -> None:
    one = Taken(run="run-1", ended=3, cost=2, steps=1)
    assert usuals.get(tenant, "support") == Usual()
    usuals.put(tenant, "support", Usual().joined(one))
    with pytest.raises(Fenced):
        usuals.put(tenant, "support", Usual())
    stands = usuals.get(tenant, "support")
    assert stands.taken == {"run-1": one}
    usuals.put(tenant, "support", stands.joined(replace(one, run="run-2")))
    with pytest.raises(Fenced):
        usuals.put(tenant, "support", stands)
    assert set(usuals.get(tenant, "support").taken) == {"run-1", "run-2"}
    assert usuals.get(tenant, "batch") == usuals.get(f"{tenant}-2", "support") == Usual()
