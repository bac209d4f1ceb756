"""What the description of the API cannot say. schemathesis loads this."""

from __future__ import annotations

import uuid
from typing import Any

import schemathesis

FITTING: dict[tuple[str, str], dict[str, Any]] = {
    ("PUT", "/v1/budget"): {"day": "100000", "run": "4.5", "usual": "0.01"},
    ("POST", "/v1/sessions"): {"workflow": "support"},
    ("POST", "/v1/sessions/{session}/messages"): {"input": {"message": "Where is my order?"}},
    ("POST", "/v1/runs/{run}/restart"): {"turns": []},
    ("POST", "/v1/runs/{run}/fork"): {"at": 0, "input": None, "agents": {}},
    ("POST", "/v1/stops"): {"scope": "agent", "name": "nobody"},
}
"""Fields of bodies that only fit what is there already."""
WHOLE: dict[tuple[str, str], dict[str, Any]] = {("POST", "/v1/replays"): {"since": "2026-11-01"}}
"""Bodies that name nothing which is not there, or is another's."""
RELATED: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/v1/costs"): {"from": "2026-10-01", "to": "2026-11-30"},
    ("GET", "/v1/failures"): {"from": "2026-10-01", "to": "2026-11-30"},
}
"""Parameters that only fit each other; they are set where one of them is sent."""


@schemathesis.hook
def before_call(_: schemathesis.HookContext, case: schemathesis.Case[Any], __: dict[str, Any]) -> None:
    """Keep rightful requests from being refused for what no schema can say.

    A submission has a key of its own, for with another body a key is refused; amounts of money fit the tenant's limits and each other; a
    message shows what it says, and is one for the workflow of its session; a run is taken up where any run can be; and what is stopped is
    an agent that there is not, or every later request would be refused; days are in order; and whoever waits for a journal waits a second.
    """
    if not case.meta or not case.meta.generation.mode.is_positive:
        return
    if case.query and "wait" in case.query:
        case.query["wait"] = 1
    if case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
    if isinstance(case.body, dict) and "budget" in case.body:
        case.body["budget"] = "0.000001"
    if isinstance(case.body, dict) and isinstance(given := case.body.get("input"), dict) and isinstance(said := given.get("message"), str):
        given["message"] = "".join(letter for letter in said if letter.isprintable() and letter < "\U000e0000") or "x"
    if isinstance(case.body, dict):
        case.body = WHOLE.get((case.method, case.operation.path), case.body)
        case.body |= FITTING.get((case.method, case.operation.path), {})
    related = RELATED.get((case.method, case.operation.path), {})
    if case.query and related.keys() & case.query.keys():
        case.query.update(related)
