"""Requests of every form: tokens, paths, methods, parameters and events."""

import json
from typing import Any

import pytest

from septet.integration.problems import Kind, Problem
from tests.unit.integration.http.answered import NO_APPROVAL, NO_RUN, SUBMISSION, nothing_started, problem


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/runs/{NO_RUN}",
        f"/v1/runs/{NO_RUN}/journal",
        f"/v1/approvals/{NO_APPROVAL}",
        "/v1/runs/x",
        "/v1/approvals/x",
        "/v1/runs/run-é",
        "/v1/runs/run-\x84",
    ],
)
def test_what_is_not_there_is_not_found(client: Any, path: str) -> None:
    problem(client.call("GET", path), 404)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/runs", "/v1/run", "/v1/runs/a/b/c", "/v1/openapi.yaml", "//v1/runs", "/v1/runs\n", "/v1/runs/"]
)
def test_a_path_with_nothing_at_it_is_a_problem(client: Any, path: str) -> None:
    problem(client.call("GET", path), 404)


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/v1/runs", "GET, POST"),
        (f"/v1/runs/{NO_RUN}", "GET"),
        (f"/v1/runs/{NO_RUN}/journal", "GET"),
        ("/v1/approvals", "GET"),
        (f"/v1/approvals/{NO_APPROVAL}", "GET, POST"),
        ("/v1/openapi.json", "GET"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(client: Any, path: str, allow: str) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "QUERY"} - set(allow.split(", ")):
        answer = client.call(method, path)
        problem(answer, 405)
        assert set(answer.headers["Allow"].split(", ")) == set(allow.split(", "))


@pytest.mark.parametrize(
    "path", ["/v1/runs", f"/v1/runs/{NO_RUN}", f"/v1/runs/{NO_RUN}/journal", "/v1/approvals", f"/v1/approvals/{NO_APPROVAL}"]
)
@pytest.mark.parametrize("header", [None, "", "acme/ann/admin", "Basic acme/ann/admin", "Bearer", "Bearer nonsense"])
def test_without_a_token_nothing_is_told(client: Any, path: str, header: str | None) -> None:
    answer = client.as_("").call("GET", path, headers={} if header is None else {"authorization": header})
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_without_a_token_nothing_is_done(client: Any, office: Any) -> None:
    problem(client.as_("").call("POST", "/v1/runs", send=SUBMISSION), 401)
    assert nothing_started(office)


def test_two_tokens_are_none(client: Any) -> None:
    problem(client.as_("").call("GET", "/v1/runs", headers={"Authorization": ["Bearer acme/ann/admin", "Bearer acme/bob/admin"]}), 400)


def test_while_tokens_cannot_be_checked_nothing_is_allowed(client: Any, office: Any) -> None:
    def unreachable(_: str) -> None:
        raise Problem(Kind.UNAVAILABLE, "later")

    client.api._ports.identity.principal = unreachable
    problem(client.call("POST", "/v1/runs", send=SUBMISSION), 503)
    assert nothing_started(office)


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/runs", {"limit": "0"}, "limit"),
        ("/v1/runs", {"limit": "101"}, "limit"),
        ("/v1/runs", {"limit": "-1"}, "limit"),
        ("/v1/runs", {"limit": "ten"}, "limit"),
        ("/v1/runs", {"limit": "1.0"}, "limit"),
        ("/v1/runs", {"limit": "1_0"}, "limit"),
        ("/v1/runs", {"limit": " 1"}, "limit"),
        ("/v1/runs", {"limit": "007"}, "limit"),
        ("/v1/runs", {"limit": "٣"}, "limit"),
        ("/v1/runs", {"limit": ""}, "limit"),
        ("/v1/runs", {"limit": "9" * 5000}, "limit"),
        ("/v1/runs", {"limit": ["1", "2"]}, "limit"),
        ("/v1/runs", {"status": "lost"}, "status"),
        ("/v1/runs", {"status": "Running"}, "status"),
        ("/v1/runs", {"cursor": ""}, "cursor"),
        ("/v1/runs", {"cursor": "x" * 501}, "cursor"),
        ("/v1/runs", {"submitter": "bob"}, "submitter"),
        ("/v1/approvals", {"status": "open"}, "status"),
        ("/v1/approvals", {"limit": "1e1"}, "limit"),
        (f"/v1/runs/{NO_RUN}/journal", {"after": "-2"}, "after"),
        (f"/v1/runs/{NO_RUN}/journal", {"after": "1000000001"}, "after"),
        (f"/v1/runs/{NO_RUN}/journal", {"limit": "101"}, "limit"),
        (f"/v1/runs/{NO_RUN}", {"x": "1"}, "x"),
    ],
)
def test_a_parameter_out_of_bounds_is_named(client: Any, path: str, query: dict[str, Any], field: str) -> None:
    answer = client.call("GET", path, query=query)
    problem(answer, 422)
    assert field in answer.fields


def test_a_thousand_unknown_parameters_are_not_all_told_back(client: Any) -> None:
    answer = client.call("GET", "/v1/runs", query={f"p{number}" * 500: "1" for number in range(1000)})
    problem(answer, 422)
    assert len(answer.body["errors"]) == 20
    assert len(json.dumps(answer.body)) < 10_000


@pytest.mark.parametrize("sent", [{}, {"httpMethod": "GET"}, {"path": "/v1/runs"}, {"httpMethod": None, "path": None}, {"Records": []}])
def test_an_event_that_no_gateway_sends_gets_an_answer(client: Any, sent: Any) -> None:
    problem(client.raw(sent), 500)


def test_older_gateways_events_without_multiple_values_are_read(client: Any, office: Any) -> None:
    office.start()
    sent = {
        "httpMethod": "GET",
        "path": "/v1/runs",
        "headers": {"authorization": "Bearer acme/ann/submitter"},
        "queryStringParameters": {"limit": "1"},
        "requestContext": {},
    }
    assert len(client.raw(sent).body["runs"]) == 1
