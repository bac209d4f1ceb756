"""What is sent to the API, and what its answers must look like."""

from typing import Any

EVE = "acme/eve/approver"
SUBMISSION = {"workflow": "support", "input": {"message": "where is order 1002?"}}
NO_RUN = "run-" + "0" * 26
NO_APPROVAL = "apr-" + "0" * 32


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.body
    assert body["status"] == status
    assert body["type"].startswith("urn:septet:problem:")
    assert body["title"]
    assert body["detail"]
    return body


def nothing_started(office: Any) -> bool:
    return bool(office.workflows.inputs == {} and office.runs.page("acme", limit=1).runs == ())
