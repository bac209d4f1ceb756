"""What the API tells whoever logs: whose request it is, about which run in which trace, and nothing that a caller worded."""

import uuid
from typing import Any

from aws_lambda_powertools import Logger

from septet.integration.http.application import Api
from tests.unit.integration.http.conftest import Client

TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
SUBMISSION = {"workflow": "support", "input": {"message": "my secret"}}


def noting(office: Any) -> tuple[Client, dict[str, str]]:
    noted: dict[str, str] = {}
    return Client(Api(office.ports, Logger(service=uuid.uuid4().hex), note=noted.update)), noted


def test_a_submission_is_of_its_tenant_and_trace_and_about_the_run_that_it_begins(office: Any) -> None:
    client, noted = noting(office)
    answer = client.call("POST", "/v1/runs", send=SUBMISSION, headers={"X-Amzn-Trace-Id": TRACE})
    assert answer.status == 202
    assert noted == {"tenant": "acme", "run": answer.body["id"], "trace": TRACE}


def test_a_request_about_a_run_says_which(office: Any) -> None:
    client, noted = noting(office)
    run = client.call("POST", "/v1/runs", send=SUBMISSION).body["id"]
    noted.clear()
    client.call("GET", f"/v1/runs/{run}")
    assert (noted["run"], noted["tenant"]) == (run, "acme")


def test_what_is_no_id_is_not_noted(office: Any) -> None:
    client, noted = noting(office)
    assert client.call("GET", "/v1/runs/my-secret").status == 404
    assert "secret" not in str(noted)


def test_nobody_is_noted_who_is_not_known(office: Any) -> None:
    client, noted = noting(office)
    assert client.as_("").call("GET", "/v1/runs").status == 401
    assert not noted.get("tenant")
