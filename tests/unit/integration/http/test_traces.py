"""A run's trace comes in with its request, and goes on into what the run starts."""

from typing import Any

import pytest

from septet.core.traces import from_header, of_attempt

TRACE, SPAN = "65000000000000000000000000000001", "00000000000000aa"
PARENT = f"00-{TRACE}-{SPAN}-01"
HEADER = "Root=1-66000000-000000000000000000000002;Parent=00000000000000bb;Sampled=0"
SUBMISSION = {"workflow": "support", "input": {"message": "where is it?"}}


def submitted(client: Any, office: Any, headers: dict[str, Any]) -> Any:
    return office.runs.get("acme", client.call("POST", "/v1/runs", send=SUBMISSION, headers=headers).body["id"])


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"traceparent": PARENT}, (TRACE, SPAN, True)),
        ({"traceparent": PARENT, "X-Amzn-Trace-Id": HEADER}, (TRACE, SPAN, True)),
        ({"X-Amzn-Trace-Id": HEADER}, ("66000000000000000000000000000002", "00000000000000bb", False)),
        ({"traceparent": "00-nonsense", "X-Amzn-Trace-Id": HEADER}, ("66000000000000000000000000000002", "00000000000000bb", False)),
    ],
)
def test_a_run_belongs_to_the_trace_of_its_request(client: Any, office: Any, headers: Any, told: tuple[str, str, bool]) -> None:
    found = from_header(submitted(client, office, headers).trace)
    assert found is not None
    assert (found.trace, found.span, found.sampled) == told


@pytest.mark.parametrize("headers", [{}, {"traceparent": "nonsense"}, {"traceparent": [PARENT, PARENT]}, {"X-Amzn-Trace-Id": "Root=?"}])
def test_a_run_that_comes_without_a_trace_begins_one(client: Any, office: Any, headers: Any) -> None:
    run = submitted(client, office, headers)
    found = from_header(run.trace)
    assert found is not None
    assert found.span == ""
    assert int(found.trace[:8], 16) == run.created_at // 1000


def test_the_execution_goes_on_with_the_trace_below_the_run_s_own_span(client: Any, office: Any) -> None:
    run = submitted(client, office, {"traceparent": PARENT})
    told = from_header(office.workflows.traces[run.execution])
    assert told is not None
    assert (told.trace, told.span) == (TRACE, of_attempt("acme", run.run, 0))


def test_a_submission_that_is_repeated_stays_in_the_trace_that_it_began_in(client: Any, office: Any) -> None:
    first = submitted(client, office, {"Idempotency-Key": "k", "traceparent": PARENT})
    again = submitted(client, office, {"Idempotency-Key": "k", "X-Amzn-Trace-Id": HEADER})
    assert first == again
