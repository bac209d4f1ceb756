"""A tenant floods the platform, and another's run is let in at once: over HTTP, with a platform that has room for two runs."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.desk import Desk, until

ASKED = {"workflow": "support", "input": {"message": "Where is my order A-1001?"}}
FLOOD = 8


@pytest.fixture
def room_for_two(twin: Any) -> Iterator[None]:
    """The API with another capacity, as a version of its own behind the alias, until the test has ended."""
    client, name = twin.client("lambda"), f"{twin.prefix}-step-api"
    before = client.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def configured(**changes: str) -> None:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {**variables, **changes}})
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    configured(SEPTET_CONCURRENT_RUNS="2")
    narrow = client.publish_version(FunctionName=name)["Version"]
    client.get_waiter("published_version_active").wait(FunctionName=name, Qualifier=narrow)
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=narrow)
    try:
        yield
    finally:
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=before)
        configured()


def submitted(desk: Desk, key: str, refusals: list[Any]) -> tuple[str, float]:
    """A run that is asked for until it is let in, as late each time as the platform says; and when it was."""
    while True:
        answer = desk.http.post("/v1/runs", json=ASKED, headers={**desk.token("customer-17", "submitter"), "Idempotency-Key": key})
        if answer.status_code == 202:
            return str(answer.json()["id"]), time.monotonic()
        refusals.append(answer)
        assert answer.status_code == 429, answer.text
        time.sleep(int(answer.headers["Retry-After"]))  # what the platform says is what is tested


def open_runs(desk: Desk) -> list[str]:
    answer = desk.http.get("/v1/runs", params={"status": "running"}, headers=desk.token("night-shift", "operator"))
    return [run["id"] for run in answer.json()["runs"]]


def done(desk: Desk, key: str) -> tuple[float, list[Any]]:
    """When a run has ended, and how often it was refused."""
    refusals = list[Any]()
    run, _ = submitted(desk, key, refusals)
    assert desk.ended(run, seconds=180)["status"] == "succeeded"
    return time.monotonic(), refusals


@pytest.mark.usefixtures("room_for_two")
def test_a_flood_of_one_tenant_neither_keeps_out_nor_holds_up_another_and_loses_none_of_its_own(twin: Any) -> None:
    with Desk(twin=twin) as flooding, Desk(twin=twin) as other:
        done(other, "warm")
        refusals: list[Any] = []
        with ThreadPoolExecutor(FLOOD) as pool:
            flood = [pool.submit(submitted, flooding, f"flood-{number}", refusals) for number in range(FLOOD)]
            until(lambda: refusals or None, what="a refusal")
            assert len(open_runs(flooding)) <= 2
            over, refused = done(other, "beside")
            runs, let_in = zip(*(one.result(timeout=180) for one in flood), strict=True)
        ends = [flooding.ended(run, seconds=180)["status"] for run in runs]
        assert refused == [], "whoever runs nothing is below its share"
        assert over < max(let_in), f"it was over {over - max(let_in):.1f} s after the last of the flood was let in"
        assert ends == ["succeeded"] * FLOOD
        assert len(set(runs)) == FLOOD
        assert {answer.json()["type"] for answer in refusals} == {"urn:septet:problem:overloaded"}
        assert until(lambda: True if open_runs(flooding) == [] else None, what="the end of the flood")
