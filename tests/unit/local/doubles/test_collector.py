"""What the double of a collector takes, and what it says no to."""

import gzip
import json
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from local.doubles.collector import Collector
from local.doubles.exchange import Request, Response

PROTOBUF = "application/x-protobuf"


def told(*numbers: int, trace: bytes = b"\x01", run: str = "", called: str = "span") -> bytes:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in numbers:
        span = spans.add(trace_id=trace * 16, span_id=number.to_bytes(8), name=f"{called} {number}", start_time_unix_nano=number)
        span.attributes.add(key="septet.run").value.string_value = run
    return bytes(request.SerializeToString())


def read(answer: object) -> Any:
    assert isinstance(answer, Response)
    return json.loads(answer.body)


def posted(collector: Collector, body: bytes, *, kind: str = PROTOBUF, encoding: str = "") -> int:
    answer = collector.take(Request(method="POST", path="/v1/traces", body=body, content_type=kind, encoding=encoding))
    assert isinstance(answer, Response)
    return answer.status


def test_spans_are_taken_packed_or_not() -> None:
    assert posted(Collector(), told(1)) == 200
    assert posted(Collector(), gzip.compress(told(1)), encoding="gzip") == 200


@pytest.mark.parametrize(
    ("body", "kind", "encoding", "status"),
    [
        (b"{}", "application/json", "", 415),
        (b"\xff\xff", PROTOBUF, "", 400),
        (b"no gzip", PROTOBUF, "gzip", 400),
        (gzip.compress(b"half", mtime=0)[:-6], PROTOBUF, "gzip", 400),
        (told(1), PROTOBUF, "br", 400),
    ],
)
def test_what_is_no_traces_is_refused(body: bytes, kind: str, encoding: str, status: int) -> None:
    assert posted(Collector(), body, kind=kind, encoding=encoding) == status


def test_it_keeps_the_latest_and_no_more() -> None:
    collector = Collector(most=2)
    for number in (1, 2, 1, 3):
        posted(collector, told(number))
    answer = collector.show(Request(method="GET", path=""), "01" * 16)
    assert isinstance(answer, Response)
    assert b'"span 1"' in answer.body
    assert b'"span 2"' not in answer.body
    assert answer.body.count(b'"name"') == 2


def test_an_unknown_trace_is_not_found() -> None:
    answer = Collector().show(Request(method="GET", path=""), "02" * 16)
    assert isinstance(answer, Response)
    assert answer.status == 404


def test_a_span_that_comes_again_came_when_it_first_did() -> None:
    times = iter([1.5, 2.5])
    collector = Collector(clock=lambda: next(times))
    for _ in range(2):
        posted(collector, told(1))
    answer = collector.show(Request(method="GET", path=""), "01" * 16)
    assert isinstance(answer, Response)
    (span,) = json.loads(answer.body)["spans"]
    assert (span["deliveries"], span["came"]) == (2, 1_500)


def test_it_counts_how_often_a_span_came_and_how_often_it_was_another() -> None:
    collector = Collector()
    for body in (told(1, 2), told(1), told(1, called="changed")):
        posted(collector, body)
    shown = read(collector.show(Request(method="GET", path=""), "01" * 16))["spans"]
    assert [(span["name"], span["deliveries"], span["contents"]) for span in shown] == [("changed 1", 3, 2), ("span 2", 1, 1)]


def test_it_lists_the_traces_of_one_run() -> None:
    collector = Collector()
    for trace, run in ((b"\x01", "run-a"), (b"\x02", "run-b"), (b"\x03", "run-a")):
        posted(collector, told(1, trace=trace, run=run))
    listed = read(collector.list(Request(method="GET", path="", query={"run": "run-a"})))["traces"]
    assert [(one["trace"], one["spans"]) for one in listed] == [("01" * 16, 1), ("03" * 16, 1)]
    posted(collector, told(2, 3, trace=b"\x01", run="run-c"))
    listed = read(collector.list(Request(method="GET", path="")))["traces"]
    assert [(one["trace"], one["spans"], one["runs"]) for one in listed] == [
        ("02" * 16, 1, ["run-b"]),
        ("03" * 16, 1, ["run-a"]),
        ("01" * 16, 3, ["run-a", "run-c"]),
    ]
    refused = collector.list(Request(method="GET", path="", query={"agent": "a"}))
    assert isinstance(refused, Response)
    assert refused.status == 400
