from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from septet.aws.health import DynamoHealth
from septet.execution.agents import ModelSpec
from septet.execution.breaker import FAILURES, FRESH, OPEN, PROBE, WINDOW
from septet.execution.ports import Health
from septet.local.clock import ManualClock
from septet.local.health import Circuits, MemoryBreaker
from tests.unit.shop import MODEL

Process = Callable[[], Health]
"""Another process that shares the breaker."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def model(tenant: str) -> ModelSpec:
    """A model nobody else has."""
    return replace(MODEL, id=f"model-of-{tenant}")


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def process(request: pytest.FixtureRequest, clock: ManualClock) -> Process:
    if request.param == "memory":
        circuits = Circuits()
        return lambda: MemoryBreaker(circuits, clock=clock)
    dynamodb: Any = request.getfixturevalue("aws").dynamodb
    return lambda: DynamoHealth(dynamodb, "contracts-health", clock=clock)


def fail(health: Health, model: ModelSpec, times: int) -> None:
    for _ in range(times):
        health.report(model, well=False)


def ill(health: Health, model: ModelSpec) -> bool:
    """Whether this process would leave *model* alone if it were about to call it."""
    return model.id in health.sick([model]) or not health.admit(model)


TOLD = FAILURES + 1
"""Failures in a row of one process after which a model is sick: the first is not told."""


def test_a_model_that_nobody_knows_is_well(process: Process, model: ModelSpec) -> None:
    assert process().sick([model]) == frozenset()
    assert process().sick([]) == frozenset()


def test_failures_in_a_row_take_a_model_out_for_every_process(process: Process, model: ModelSpec) -> None:
    health = process()
    fail(health, model, TOLD - 1)
    assert not ill(health, model)
    fail(health, model, 1)
    assert ill(health, model)
    assert ill(process(), model)
    assert process().sick([replace(model, id="another"), model]) == {model.id}


def test_processes_count_together(process: Process, model: ModelSpec) -> None:
    for _ in range(FAILURES):
        fail(process(), model, 2)
    assert ill(process(), model)


def test_single_failures_are_the_weather(process: Process, model: ModelSpec) -> None:
    for _ in range(3 * FAILURES):
        health = process()
        fail(health, model, 1)
        health.report(model, well=True)
    assert not ill(process(), model)


def test_a_call_that_went_well_begins_the_count_anew(process: Process, model: ModelSpec) -> None:
    health = process()
    fail(health, model, TOLD - 1)
    health.report(model, well=True)
    fail(health, model, TOLD - 1)
    assert not ill(process(), model)


def test_failures_long_ago_do_not_count(process: Process, model: ModelSpec, clock: ManualClock) -> None:
    fail(process(), model, TOLD - 1)
    clock.pause(WINDOW)
    fail(process(), model, 2)
    assert not ill(process(), model)


def test_a_sick_model_is_left_alone_and_then_tried_by_one_process(process: Process, model: ModelSpec, clock: ManualClock) -> None:
    fail(process(), model, TOLD)
    one, other = process(), process()
    clock.pause(OPEN - 1)
    assert ill(one, model)
    assert ill(other, model)
    clock.pause(FRESH)
    assert not ill(one, model), "its time alone is over: the first that asks may try it"
    assert not ill(one, model), "and may still when it asks again"
    assert ill(other, model)
    assert ill(process(), model)
    clock.pause(PROBE + FRESH)
    assert not ill(other, model), "whoever may try it and does not loses the right to"


def test_looking_is_not_trying(process: Process, model: ModelSpec, clock: ManualClock) -> None:
    fail(process(), model, TOLD)
    clock.pause(OPEN)
    assert [process().sick([model]) for _ in range(3)] == [frozenset()] * 3
    assert process().admit(model), "nobody has taken the trial by looking"


def test_a_trial_that_goes_well_heals_the_model_for_all(process: Process, model: ModelSpec, clock: ManualClock) -> None:
    fail(process(), model, TOLD)
    clock.pause(OPEN)
    health = process()
    assert not ill(health, model)
    health.report(model, well=True)
    assert not ill(health, model)
    assert not ill(process(), model)


def test_a_trial_that_fails_leaves_it_alone_once_more(process: Process, model: ModelSpec, clock: ManualClock) -> None:
    fail(process(), model, TOLD)
    clock.pause(OPEN)
    health = process()
    assert not ill(health, model)
    fail(health, model, 1)
    assert ill(health, model)
    clock.pause(OPEN - 1)
    assert ill(process(), model)
    clock.pause(1)
    assert not ill(process(), model)


@pytest.mark.twin
class TestTheAdapter:
    def test_what_it_read_it_trusts_for_a_moment(self, aws: Any, model: ModelSpec, clock: ManualClock) -> None:
        watching = DynamoHealth(aws.dynamodb, "contracts-health", clock=clock)
        assert not ill(watching, model)
        fail(DynamoHealth(aws.dynamodb, "contracts-health", clock=clock), model, TOLD)
        assert not ill(watching, model)
        clock.pause(FRESH)
        assert ill(watching, model)

    def test_a_table_that_cannot_be_reached_stops_nobody(self, aws: Any, model: ModelSpec, clock: ManualClock) -> None:
        class Gone:
            exceptions = aws.dynamodb.exceptions

            def __getattr__(self, _: str) -> Any:
                def fail(**_: Any) -> Any:
                    raise EndpointConnectionError(endpoint_url="x")

                return fail

        health = DynamoHealth(Gone(), "contracts-health", clock=clock)
        fail(health, model, TOLD)
        assert not ill(health, model)
        health.report(model, well=True)

    def test_a_healthy_model_is_never_written_about(self, aws: Any, model: ModelSpec, clock: ManualClock) -> None:
        health = DynamoHealth(aws.dynamodb, "contracts-health", clock=clock)
        for _ in range(3):
            assert not ill(health, model)
            health.report(model, well=True)
        assert "Item" not in aws.dynamodb.get_item(TableName="contracts-health", Key={"model": {"S": model.id}})

    def test_what_is_written_expires_by_itself(self, aws: Any, model: ModelSpec, clock: ManualClock) -> None:
        fail(DynamoHealth(aws.dynamodb, "contracts-health", clock=clock), model, TOLD)
        kept = aws.dynamodb.get_item(TableName="contracts-health", Key={"model": {"S": model.id}})["Item"]
        assert int(kept["expires"]["N"]) > (clock() + OPEN) / 1000
