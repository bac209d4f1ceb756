"""What breaks behind the API, and what is told and logged of it."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from septet.core.errors import StoreUnavailable
from septet.integration.http.application import Api
from tests.unit.integration.http.answered import SUBMISSION, problem


def test_what_can_be_no_id_is_not_looked_up(client: Any) -> None:
    for port in ("runs", "approvals"):
        object.__setattr__(client.api._ports, port, Broken())
    for path in ("/v1/runs/run-1", "/v1/runs/run-1/journal", "/v1/approvals/apr-1"):
        problem(client.call("GET", path), 404)


class Broken:
    """A port that fails with content in its message."""

    def __getattr__(self, _: str) -> Any:
        def call(*_: Any, **__: Any) -> None:
            raise ValueError("the customer wrote: my card is 4111")

        return call


def test_what_breaks_inside_is_logged_without_content_and_told_without_details(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    broken = client.api
    object.__setattr__(broken._ports, "runs", Broken())
    answer = client.call("POST", "/v1/runs", send=SUBMISSION)
    body = problem(answer, 500)
    assert "request-1" in body["detail"]
    assert body["instance"] == "urn:septet:request:request-1"
    logged = client.log.getvalue()
    assert '"error":"ValueError"' in logged
    assert "request-1" in logged
    assert "submitting.py" in logged
    assert "4111" not in logged + caplog.text + json.dumps(answer.body)
    assert "where is order" not in logged


def test_no_content_reaches_the_log(client: Any, caplog: pytest.LogCaptureFixture) -> None:
    client.call("POST", "/v1/runs", send={**SUBMISSION, "input": {"message": "my card is 4111"}}, headers={"Idempotency-Key": "key-4111"})
    client.call("POST", "/v1/runs", send={"workflow": "4111", "4111": 1})
    client.call("GET", "/v1/runs/4111", query={"4111": "4111"})
    client.call("GET", "/4111")
    logged = client.log.getvalue() + caplog.text
    assert '"operation":"submitRun"' in logged
    assert "4111" not in logged


class Unreachable:
    """A store that does not answer."""

    def __getattr__(self, name: str) -> Any:
        raise StoreUnavailable("the journal could not be reached: Query ended in ThrottlingException")


def test_a_store_that_does_not_answer_is_not_the_callers_fault(client: Any, office: Any) -> None:
    run = office.start()
    lost = replace(client, api=Api(replace(office.ports, journal=Unreachable()), Logger(service="lost", stream=io.StringIO())))
    assert "try again" in problem(lost.call("GET", f"/v1/runs/{run}"), 503)["detail"]
