"""Submissions of every form."""

import base64
import json
from typing import Any

import pytest

from tests.unit.integration.http.answered import SUBMISSION, nothing_started, problem

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        pytest.param({"body": "{", "headers": JSON}, 400, "body", id="not JSON"),
        pytest.param({"body": "", "headers": JSON}, 400, "body", id="empty"),
        pytest.param({"body": None, "headers": JSON}, 400, "body", id="none"),
        pytest.param({"body": '{"workflow": NaN}', "headers": JSON}, 400, "body", id="NaN"),
        pytest.param({"body": '{"workflow": Infinity}', "headers": JSON}, 400, "body", id="Infinity"),
        pytest.param({"body": '{"workflow": 1e999}', "headers": JSON}, 400, "body", id="too large a number"),
        pytest.param({"body": '{"workflow": ' + "1" * 5000 + "}", "headers": JSON}, 400, "body", id="too long a number"),
        pytest.param({"body": '{"workflow": "support", "workflow": "x", "input": {}}', "headers": JSON}, 400, "body", id="name twice"),
        pytest.param({"body": '{"workflow": "\\ud800", "input": {}}', "headers": JSON}, 400, "body", id="half a character"),
        pytest.param({"body": "[" * 100_000, "headers": JSON}, 400, "body", id="deep and broken"),
        pytest.param(
            {"body": '{"workflow": "support", "input": {"message": ' + "[" * 80 + "]" * 80 + "}}", "headers": JSON}, 400, "body", id="deep"
        ),
        pytest.param({"body": "[" * 5000 + "]" * 5000, "headers": JSON}, 400, "body", id="very deep"),
        pytest.param(
            {"body": base64.b64encode(b'{"workflow": "\xff"}').decode(), "isBase64Encoded": True, "headers": JSON},
            400,
            "body",
            id="not UTF-8",
        ),
        pytest.param({"body": "***", "isBase64Encoded": True, "headers": JSON}, 400, "body", id="not base64"),
        pytest.param(
            {"body": "*".join(base64.b64encode(json.dumps(SUBMISSION).encode()).decode()), "isBase64Encoded": True, "headers": JSON},
            400,
            "body",
            id="nearly base64",
        ),
        pytest.param({"body": "\ud800", "headers": JSON}, 400, "body", id="not text"),
        pytest.param({"body": " " * 1_000_001, "headers": JSON}, 413, "body", id="too large"),
        pytest.param({"body": "é" * 500_001, "headers": JSON}, 413, "body", id="too large in bytes"),
        pytest.param(
            {"body": base64.b64encode(b" " * 1_000_001).decode(), "isBase64Encoded": True, "headers": JSON},
            413,
            "body",
            id="too large, encoded",
        ),
        pytest.param({"body": json.dumps(SUBMISSION)}, 415, "Content-Type", id="no type"),
        pytest.param({"body": json.dumps(SUBMISSION), "headers": {"Content-Type": "text/plain"}}, 415, "Content-Type", id="text"),
        pytest.param(
            {"body": "workflow=support", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}, 415, "Content-Type", id="form"
        ),
        pytest.param({"body": "{}", "headers": {"Content-Type": "application/jsonx"}}, 415, "Content-Type", id="nearly JSON"),
        pytest.param({"body": "{}", "headers": {"Content-Type": "application/json; charset=latin-1"}}, 415, "Content-Type", id="charset"),
        pytest.param({"send": {}}, 422, "workflow", id="no field"),
        pytest.param({"send": {"workflow": "support"}}, 422, "input", id="no input"),
        pytest.param({"send": {**SUBMISSION, "tenant": "other"}}, 422, "tenant", id="unknown field"),
        pytest.param({"send": {**SUBMISSION, "workflow": 1}}, 422, "workflow", id="workflow no text"),
        pytest.param({"send": {**SUBMISSION, "workflow": "nothing"}}, 422, "workflow", id="unknown workflow"),
        pytest.param({"send": {**SUBMISSION, "input": []}}, 422, "input", id="input a list"),
        pytest.param({"send": {**SUBMISSION, "input": "text"}}, 422, "input", id="input a text"),
        pytest.param({"send": {**SUBMISSION, "input": None}}, 422, "input", id="input null"),
        pytest.param({"send": {**SUBMISSION, "input": {"message": 5}}}, 422, "input.message", id="message a number"),
        pytest.param({"send": {**SUBMISSION, "input": {"message": "m", "x": 1}}}, 422, "input.x", id="unknown field of the input"),
        pytest.param({"send": [SUBMISSION]}, 422, "body", id="a list of one"),
        pytest.param({"send": "text"}, 422, "body", id="a text"),
        pytest.param({"send": None}, 422, "body", id="null"),
        pytest.param({"send": SUBMISSION, "query": {"dry": "1"}}, 422, "dry", id="unknown parameter"),
        pytest.param({"send": SUBMISSION, "headers": {"Idempotency-Key": ""}}, 422, "Idempotency-Key", id="empty key"),
        pytest.param({"send": SUBMISSION, "headers": {"idempotency-key": "x" * 256}}, 422, "Idempotency-Key", id="long key"),
        pytest.param({"send": SUBMISSION, "headers": {"Idempotency-Key": ["a", "b"]}}, 400, "Idempotency-Key", id="two keys"),
        pytest.param({"send": SUBMISSION, "headers": {"Idempotency-Key": ["a", "a"]}}, 400, "Idempotency-Key", id="a key twice"),
    ],
)
def test_a_bad_submission_is_a_problem_that_names_the_field_and_starts_nothing(
    client: Any, office: Any, sent: Any, status: int, field: str
) -> None:
    answer = client.call("POST", "/v1/runs", **sent)
    problem(answer, status)
    assert field in answer.fields
    assert all(error["message"] for error in answer.body["errors"])
    assert nothing_started(office)


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"', "application/json;"]
)
def test_json_in_utf_8_is_taken(client: Any, content_type: str) -> None:
    assert client.call("POST", "/v1/runs", body=json.dumps(SUBMISSION), headers={"content-type": content_type}).status == 202


def test_a_body_may_come_in_base64(client: Any) -> None:
    body = base64.b64encode(json.dumps(SUBMISSION).encode()).decode()
    assert client.call("POST", "/v1/runs", body=body, isBase64Encoded=True, headers=JSON).status == 202


def test_a_body_of_exactly_the_limit_is_read(client: Any) -> None:
    body = json.dumps(SUBMISSION)
    assert client.call("POST", "/v1/runs", body=body + " " * (1_000_000 - len(body)), headers=JSON).status == 202


def test_a_key_makes_two_submissions_one(client: Any, office: Any) -> None:
    sent = {"send": SUBMISSION, "headers": {"idempotency-key": "k"}}
    assert client.call("POST", "/v1/runs", **sent).body == client.call("POST", "/v1/runs", **sent).body
    assert len(office.workflows.inputs) == 1
    answer = client.call("POST", "/v1/runs", send={**SUBMISSION, "input": {"message": "another"}}, headers={"Idempotency-Key": "k"})
    problem(answer, 422)
    assert answer.fields == ["Idempotency-Key"]


def test_a_body_that_is_not_utf_8_is_told_so(client: Any) -> None:
    body = base64.b64encode(b'{"workflow": "\xff"}').decode()
    assert "UTF-8" in client.call("POST", "/v1/runs", body=body, isBase64Encoded=True, headers=JSON).body["detail"]
