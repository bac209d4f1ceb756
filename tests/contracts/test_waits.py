"""What every store of task tokens promises."""

from typing import Any

import pytest

from septet.aws.waits import DynamoWaits
from septet.core.waits import Wait, Waits, for_approval, for_inquiry, for_row
from septet.local.waits import MemoryWaits


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def waits(request: pytest.FixtureRequest) -> Waits:
    if request.param == "memory":
        return MemoryWaits()
    dynamodb: Any = request.getfixturevalue("aws").dynamodb
    return DynamoWaits(dynamodb, "contracts-waits")


def test_all_that_a_run_waits_for_is_listed_and_nothing_of_another_s(waits: Waits, tenant: str) -> None:
    waits.put(tenant, "run-1", for_row("run-9"), "c")
    waits.put(tenant, "run-1", for_approval("apr-1"), "a")
    waits.put(tenant, "run-1", for_inquiry("inq-1"), "b")
    waits.put(tenant, "run-10", for_approval("apr-1"), "another run's")
    waits.put(f"{tenant}-2", "run-1", for_approval("apr-1"), "another tenant's")
    assert waits.of(tenant, "run-1") == (
        Wait(what="approval/apr-1", token="a"),
        Wait(what="inquiry/inq-1", token="b"),
        Wait(what="row/run-9", token="c"),
    )
    assert waits.find(tenant, "run-1", "row/run-9") == "c"


def test_a_later_token_for_the_same_replaces_the_first(waits: Waits, tenant: str) -> None:
    waits.put(tenant, "run-1", "row/run-9", "first")
    waits.put(tenant, "run-1", "row/run-9", "second")
    assert waits.find(tenant, "run-1", "row/run-9") == "second"
    assert len(waits.of(tenant, "run-1")) == 1


def test_what_is_dropped_is_forgotten_and_dropping_it_again_is_nothing(waits: Waits, tenant: str) -> None:
    waits.put(tenant, "run-1", "row/run-9", "token")
    waits.drop(tenant, "run-1", "row/run-9")
    waits.drop(tenant, "run-1", "row/run-9")
    assert waits.find(tenant, "run-1", "row/run-9") is None
    assert waits.of(tenant, "run-1") == ()


def test_whoever_has_told_one_token_forgets_no_later_one(waits: Waits, tenant: str) -> None:
    waits.drop(tenant, "run-1", "row/run-9", "first")
    waits.put(tenant, "run-1", "row/run-9", "first")
    waits.put(tenant, "run-1", "row/run-9", "second")
    waits.drop(tenant, "run-1", "row/run-9", "first")
    assert waits.find(tenant, "run-1", "row/run-9") == "second"
    waits.drop(tenant, "run-1", "row/run-9", "second")
    assert waits.find(tenant, "run-1", "row/run-9") is None
