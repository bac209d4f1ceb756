"""What every store of replays promises."""

import time
from concurrent.futures import ThreadPoolExecutor
from copy import replace
from typing import Any

import pytest

from septet.aws.progress import DynamoProgresses
from septet.aws.replays import DynamoReplays
from septet.core.errors import Fenced
from septet.core.journal import Branch
from septet.core.replays import KEPT, Going, Missed, Replay, Replays
from septet.local.replays import MemoryReplays
from septet.observability.progress import Progress


def pause(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def replays(request: pytest.FixtureRequest) -> Replays:
    if request.param == "memory":
        return MemoryReplays()
    return DynamoReplays(request.getfixturevalue("aws").dynamodb, "contracts-replays", pause=pause)


@pytest.fixture
def order(tenant: str) -> Replay:
    return Replay(tenant=tenant, replay="rpl-1", by="olga", at=1_700_000_000_000, of=tenant, since=5, before=(7, "~"))


def test_what_was_ordered_is_there_once_and_for_its_tenant_alone(replays: Replays, order: Replay) -> None:
    assert replays.get(order.tenant, order.replay) is None
    assert replays.create(order, Going(replays=(order.replay,))) == order
    assert replays.create(replace(order, by="otto", since=6), replays.going(order.tenant)) == order
    assert replays.create(replace(order, by="otto", since=6), Going()) == order, "whoever else was let in"
    assert replays.going(order.tenant) == Going(replays=(order.replay,), version=1)
    assert replays.get(order.tenant, order.replay) == order
    assert replays.get("another", order.replay) is None
    assert replays.get(order.tenant, "rpl-2") is None


def test_only_who_knows_how_far_it_was_notes_how_far_it_is(replays: Replays, order: Replay) -> None:
    replays.create(order, Going())
    further = replays.keep(replace(order, done=3, before=(6, "run-1"), finished_at=9))
    assert (further.version, further.done) == (1, 3)
    assert replays.get(order.tenant, order.replay) == further
    with pytest.raises(Fenced):
        replays.keep(replace(order, done=4))
    assert replays.get(order.tenant, order.replay) == further


def test_of_many_at_once_one_notes_it(replays: Replays, order: Replay) -> None:
    replays.create(order, Going())

    def note(done: int) -> int:
        try:
            return replays.keep(replace(order, done=done)).done
        except Fenced:
            return 0

    with ThreadPoolExecutor(8) as pool:
        noted = [done for done in pool.map(note, range(1, 17)) if done]
    found = replays.get(order.tenant, order.replay)
    assert found
    assert noted == [found.done]


def test_who_orders_knows_who_was_let_in_last(replays: Replays, order: Replay) -> None:
    another = replace(order, replay="rpl-2")
    replays.create(order, Going(replays=("rpl-1",)))
    with pytest.raises(Fenced):
        replays.create(another, Going(replays=("rpl-2",)))
    assert (replays.get(order.tenant, "rpl-2"), replays.going("another")) == (None, Going())
    replays.create(another, Going(replays=("rpl-1", "rpl-2"), version=1))
    assert replays.going(order.tenant) == Going(replays=("rpl-1", "rpl-2"), version=2)


def test_one_goes_on_again_together_with_who_goes_on(replays: Replays, order: Replay) -> None:
    replays.create(order, Going(replays=("rpl-1",)))
    stalled = replays.keep(replace(order, status="stalled"))
    for late, going in ((order, Going(version=1)), (stalled, Going())):
        with pytest.raises(Fenced):
            replays.resume(late.resumed(9), going)
    assert (replays.get(order.tenant, "rpl-1"), replays.going(order.tenant).version) == (stalled, 1)
    goes_on = replays.resume(stalled.resumed(9), Going(replays=("rpl-1",), version=1))
    assert (goes_on.status, goes_on.version, replays.get(order.tenant, "rpl-1")) == ("running", 2, goes_on)
    assert replays.going(order.tenant) == Going(replays=("rpl-1",), version=2)


def test_of_many_orders_at_once_each_is_let_in_after_the_one_before(replays: Replays, order: Replay) -> None:
    def ordered(number: int) -> str:
        while True:
            going = replays.going(order.tenant)
            try:
                one = replace(order, replay=f"rpl-{number}")
                return replays.create(one, replace(going, replays=(*going.replays, one.replay))).replay
            except Fenced:
                continue

    with ThreadPoolExecutor(4) as pool:
        made = [*pool.map(ordered, range(8))]
    going = replays.going(order.tenant)
    assert (sorted(going.replays), going.version) == (sorted(made), 8)


def test_runs_that_were_missed_are_there_by_number_and_noting_one_again_replaces_it(replays: Replays, order: Replay) -> None:
    replays.create(order, Going())
    assert replays.missed(order.tenant, order.replay) == ()
    for number in (1, 0, 1):
        replays.miss(order, number, Missed(run=f"run-{number}", reason="ValueError"))
    assert replays.missed(order.tenant, order.replay) == (
        Missed(run="run-0", reason="ValueError"),
        Missed(run="run-1", reason="ValueError"),
    )
    assert replays.missed(order.tenant, "rpl-2") == ()


@pytest.mark.twin
def test_checkpoints_of_a_replay_are_its_own_and_expire_with_it(aws: Any, order: Replay) -> None:
    stored = DynamoReplays(aws.dynamodb, "contracts-replays", pause=pause)
    stored.create(order, Going())
    branch, kept = Branch(tenant=order.tenant, run="run-1"), Progress(next=3, states={"spans": {}})
    stored.progresses(order).keep(branch, kept, before=Progress())
    assert stored.progresses(order).get(branch) == kept
    assert stored.progresses(replace(order, replay="rpl-2")).get(branch) == Progress()
    assert DynamoProgresses(aws.dynamodb, "contracts-projections").get(branch) == Progress()
    stored.miss(order, 0, Missed(run="run-1", reason="r"))
    found = aws.dynamodb.query(
        TableName="contracts-replays",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"{order.tenant}#{order.replay}"}},
    )["Items"]
    assert [one["expires"]["N"] for one in found] == [str((order.at + KEPT) // 1000)] * 3
    stored.resume(replace(order, touched_at=order.at + KEPT - 1_000), Going(version=1))
    going = aws.dynamodb.get_item(TableName="contracts-replays", Key={"pk": {"S": f"{order.tenant}#going"}, "what": {"S": "going"}})
    assert going["Item"]["expires"]["N"] == str((order.at + 2 * KEPT) // 1000 - 1), "not before those that it names"
