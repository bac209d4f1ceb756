"""Runs over the API: submitted, listed, reported."""

from typing import Any

import pytest

from septet.core.entries import Answer, Failure, ModelFailed, ModelReply
from septet.core.money import Usage
from septet.core.summaries import Summary
from tests.unit.integration.http.answered import NO_APPROVAL, NO_RUN, SUBMISSION, problem


def test_a_run_is_submitted_and_can_be_found(client: Any) -> None:
    accepted = client.call("POST", "/v1/runs", send=SUBMISSION)
    assert accepted.status == 202
    run = accepted.body["id"]
    assert accepted.body == {
        "id": run,
        "workflow": "support",
        "status": "running",
        "links": {"self": f"/v1/runs/{run}", "journal": f"/v1/runs/{run}/journal"},
    }
    assert accepted.headers["Location"] == f"runs/{run}"
    for link in accepted.body["links"].values():
        assert client.call("GET", link).status == 200


def test_a_report_has_what_the_contract_names(client: Any, office: Any) -> None:
    run = office.start()
    reply = ModelReply(model="m", text="", calls=(), stop="end")
    office.write(run, ModelFailed(model="m", error="ModelThrottled", message=""), agent="triage")
    office.write(run, reply, agent="triage", usage=Usage(input=10, output=2), cost=5)
    office.write(run, Answer(value={"text": "soon"}), agent="writer")
    assert client.call("GET", f"/v1/runs/{run}").body == {
        "id": run,
        "workflow": "support",
        "status": "running",
        "created_at": "2025-11-22T21:35:00.001Z",
        "ended_at": None,
        "submitter": "ann",
        "erased_at": None,
        "parent": None,
        "path": ["triage", "writer"],
        "answer": None,
        "failure": None,
        "degraded": False,
        "model_calls": 1,
        "model_calls_failed": 1,
        "tool_calls": 0,
        "tokens": {"input": 10, "output": 2},
        "cost_microdollars": 5,
        "budget": {
            "limit_microdollars": 1_000_000,
            "spent_microdollars": 0,
            "reserved_microdollars": 0,
            "available_microdollars": 1_000_000,
        },
        "branches": ["main"],
        "approvals": [],
        "attempt": 0,
        "origin": None,
        "session": None,
        "execution": f"arn:aws:states:local:000000000000:execution:support:{run}",
    }
    office.end(run)
    ended = client.call("GET", f"/v1/runs/{run}").body
    assert (ended["status"], ended["answer"], ended["ended_at"]) == ("succeeded", {"text": "soon"}, "2025-11-22T21:35:00.006Z")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("LoopDetected", {"class": "LoopDetected", "message": "why"}),
        ("ToolFailed", {"class": "ToolFailed", "message": "it broke"}),
        ("", {"class": "ToolFailed", "message": "it broke"}),
    ],
)
def test_a_failed_run_says_why_and_has_no_answer(client: Any, office: Any, error: str, expected: Any) -> None:
    run = office.start()
    office.write(run, Answer(value="half"), Failure(error="ToolFailed", message="it broke"))
    office.end(run, "failed", error=error, message="why")
    found = client.call("GET", f"/v1/runs/{run}").body
    assert (found["status"], found["answer"], found["failure"]) == ("failed", None, expected)


def test_a_failure_on_the_way_is_none_of_the_runs(client: Any, office: Any) -> None:
    run = office.start()
    office.write(run, Failure(error="ToolFailed", message="another agent takes over"))
    assert client.call("GET", f"/v1/runs/{run}").body["failure"] is None


def test_a_list_pages_and_filters(client: Any, office: Any) -> None:
    runs = [office.start() for _ in range(3)]
    first = client.call("GET", "/v1/runs", query={"limit": "2"}).body
    assert [run["id"] for run in first["runs"]] == runs[:0:-1]
    assert set(first["runs"][0]) == {"id", "workflow", "status", "created_at", "ended_at", "submitter", "erased_at", "parent"}
    second = client.call("GET", "/v1/runs", query={"limit": "2", "cursor": first["next"]}).body
    assert [run["id"] for run in second["runs"]] == [runs[0]]
    assert second["next"] is None
    assert client.call("GET", "/v1/runs", query={"status": "failed"}).body == {"runs": [], "next": None}


@pytest.mark.parametrize(("sent", "attended"), [({}, True), ({"attended": True}, True), ({"attended": False}, False)])
def test_a_run_is_attended_unless_it_says_not(client: Any, office: Any, sent: dict[str, Any], *, attended: bool) -> None:
    run = client.call("POST", "/v1/runs", send={"workflow": "support", "input": {"message": "hi"}, **sent}).body["id"]
    assert office.runs.get("acme", run).attended is attended


def test_a_key_is_not_used_for_an_attended_run_and_one_that_is_not(client: Any) -> None:
    body = {"workflow": "support", "input": {"message": "hi"}}
    assert client.call("POST", "/v1/runs", send=body, headers={"Idempotency-Key": "k"}).status == 202
    problem(client.call("POST", "/v1/runs", send={**body, "attended": False}, headers={"Idempotency-Key": "k"}), 422)


@pytest.mark.parametrize("who", ["other/ann/admin", "acme/bob/submitter", "acme/ann/"])
def test_another_tenants_run_and_another_submitters_look_like_none(client: Any, office: Any, who: Any) -> None:
    question = office.ask(office.start())
    for path in (f"/v1/runs/{question.run}", f"/v1/runs/{question.run}/journal", f"/v1/approvals/{question.approval}"):
        there = problem(client.as_(who).call("GET", path), 404)
        not_there = problem(client.as_(who).call("GET", path.replace(question.run, NO_RUN).replace(question.approval, NO_APPROVAL)), 404)
        assert there["detail"].split(" run-")[0].split(" apr-")[0] == not_there["detail"].split(" run-")[0].split(" apr-")[0]


@pytest.mark.parametrize(
    ("limit", "told"),
    [("0", "must be greater than or equal to 1"), ("x", "must be a valid integer"), ("101", "must be less than or equal")],
)
def test_a_limit_that_is_none_is_told_what_would_be_right(client: Any, limit: str, told: str) -> None:
    (error,) = problem(client.call("GET", "/v1/runs", query={"limit": limit}), 422)["errors"]
    assert error["field"] == "limit"
    assert error["message"].startswith(told)


def test_a_run_that_takes_more_than_usual_says_in_what_and_so_does_its_explanation(client: Any, office: Any) -> None:
    run = office.start()
    for path, of in ((f"/v1/runs/{run}", lambda body: body), (f"/v1/runs/{run}/explanation", lambda body: body["run"])):
        assert "flagged" not in of(client.call("GET", path).body)
    office.summaries.put(Summary(tenant="acme", run=run, workflow="support", submitter="ann", status="running", created=0))
    office.summaries.flag("acme", run, "cost")
    for path, of in ((f"/v1/runs/{run}", lambda body: body), (f"/v1/runs/{run}/explanation", lambda body: body["run"])):
        assert of(client.call("GET", path).body)["flagged"] == ["cost"], path
