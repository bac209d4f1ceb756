"""What every store of stops promises."""

from dataclasses import replace
from typing import Any

import pytest

from septet.aws.stop_records import DynamoStopRecords
from septet.core.happened import Happened
from septet.core.stopping import StopOrder, StoppedRun, StopRecords, stop_id
from septet.local.stop_records import MemoryStopRecords


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def records(request: pytest.FixtureRequest) -> StopRecords:
    if request.param == "memory":
        return MemoryStopRecords()
    dynamodb: Any = request.getfixturevalue("aws").dynamodb
    return DynamoStopRecords(dynamodb, "contracts-stops")


@pytest.fixture
def order(tenant: str) -> StopOrder:
    return StopOrder(tenant=tenant, stop=stop_id(tenant, "tenant", "", 5, "ann"), scope="tenant", by="ann", reason="enough", at=5)


def covered(tenant: str, run: str = "run-1") -> StoppedRun:
    return StoppedRun(tenant=tenant, run=run, workflow="support", since=1, found_at=6)


def test_of_two_orders_with_one_id_the_first_stands(records: StopRecords, order: StopOrder) -> None:
    assert records.put(order) == order
    assert records.put(replace(order, by="bob")) == order
    assert records.get(order.tenant, order.stop) == order
    assert records.get(order.tenant, "stp-0") is None


def test_each_step_is_noted_once(records: StopRecords, order: StopOrder) -> None:
    records.put(order)
    for at in (7, 8):
        records.acknowledged(order, at)
        records.finished(order, at + 1)
        records.lifted(order, by=f"person-{at}", at=at + 2)
    done = replace(order, acknowledged_at=7, finished_at=8, lifted_at=9, lifted_by="person-7")
    assert records.get(order.tenant, order.stop) == done
    assert records.listed(order.tenant) == (done,)


def test_what_has_not_finished_is_listed_for_whoever_goes_on(records: StopRecords, order: StopOrder) -> None:
    later = replace(order, stop="stp-1", at=9)
    records.put(order)
    records.put(later)
    assert records.listed(order.tenant) == (later, order)
    records.finished(order, 10)
    assert [one for one in records.unfinished() if one.tenant == order.tenant] == [later]


def test_a_run_is_covered_as_it_was_found_first_and_renewed_as_it_ends(records: StopRecords, order: StopOrder) -> None:
    records.put(order)
    first = covered(order.tenant)
    records.cover(order, first)
    records.cover(order, replace(first, found_at=99, state="waiting"))
    records.cover(order, covered(order.tenant, "run-2"))
    records.cover(replace(order, stop="stp-1"), covered(order.tenant, "run-3"))
    assert [run.run for run in records.covered(order.tenant, order.stop)] == ["run-1", "run-2"]
    assert records.covered(order.tenant, order.stop)[0] == first
    paid = tuple(Happened(tool="issue_refund", key=key, happened=key == "k", deadline=9) for key in ("k", "l"))
    ended = replace(first, status="stopped", ended_at=12, spent=3, held=4, effects=paid, settled=True)
    renewed = records.renew(order, ended)
    assert renewed == replace(ended, version=1)
    assert records.covered(order.tenant, order.stop)[0] == renewed
    assert [one.stop for one in records.listed(order.tenant)] == [order.stop]


def test_whoever_renews_what_somebody_else_has_renewed_since_changes_nothing(records: StopRecords, order: StopOrder) -> None:
    records.put(order)
    first = covered(order.tenant)
    records.cover(order, first)
    ended = records.renew(order, replace(first, status="stopped", ended_at=12))
    assert records.renew(order, replace(first, state="waiting")) == ended
    assert records.covered(order.tenant, order.stop) == (ended,)
    settled = records.renew(order, replace(ended, settled=True))
    assert (settled.settled, settled.version) == (True, 2)
    records.cover(order, first)
    assert records.covered(order.tenant, order.stop) == (settled,)
