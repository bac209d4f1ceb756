"""The exporter against the double of a collector, and against servers that do not take spans."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse

from local.doubles.bootstrap import running
from local.doubles.exchange import Answer, Request, Response, json_response
from local.doubles.scenario.library import Library
from local.doubles.server import DoublesServer
from septet.aws.otlp import BATCH, OtlpExporter, Signature, x_ray
from septet.core.errors import StoreUnavailable
from septet.observability.spans import Event, Link, Span, SpansRefused

TRACE = "65000000000000000000000000000001"
DAY = 86_400_000
NOW = 1_700_000_000_000


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with running(home=tmp_path, port=0, library=Library(), upstream=None) as doubles:
        yield doubles.url


class Server:
    """A collector that answers as it is told, and remembers what it was asked."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return json_response(status, {}) if status != 200 else Response(status=200, headers={}, body=b"")


def span(number: int = 1, **changes: Any) -> Span:
    given: dict[str, Any] = {
        "trace": TRACE,
        "span": f"{number:016x}",
        "parent": "",
        "name": "invoke_workflow support",
        "kind": "internal",
        "start": NOW,
        "end": NOW + 5,
        "attributes": {},
    }
    return Span(**given | changes)


def shown(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{url}/v1/traces/{TRACE}", trust_env=False).json()["spans"]
    return found


def served(server: Server) -> DoublesServer:
    return DoublesServer(port=0).start(server.answer)


def test_a_span_arrives_as_it_is(url: str) -> None:
    whole = span(
        2,
        parent=f"{1:016x}",
        name="chat m",
        kind="client",
        attributes={"text": "é", "count": 7, "share": 0.5, "cached": False, "reasons": ("stop", "length")},
        links=(Link(trace=TRACE, span=f"{9:016x}", attributes={"septet.relation": "approval"}),),
        events=(Event(name="septet.note", at=NOW + 1, attributes={"septet.entry": 3}),),
        error="ModelThrottled",
    )
    OtlpExporter(f"{url}/v1/traces", environment="dev").export([whole, span(1)])
    first, second = shown(url)
    assert first["span"] == f"{1:016x}"
    assert first["parent"] == ""
    assert first["status"] == "unset"
    assert first["resource"] == {"service.name": "septet", "deployment.environment.name": "dev"}
    assert second == {
        "trace": TRACE,
        "span": f"{2:016x}",
        "parent": f"{1:016x}",
        "name": "chat m",
        "kind": "client",
        "start": NOW,
        "end": NOW + 5,
        "attributes": {"text": "é", "count": 7, "share": 0.5, "cached": False, "reasons": ["stop", "length"]},
        "events": [{"name": "septet.note", "at": NOW + 1, "attributes": {"septet.entry": 3}}],
        "links": [{"trace": TRACE, "span": f"{9:016x}", "attributes": {"septet.relation": "approval"}}],
        "status": "error",
        "error": "ModelThrottled",
        "resource": {"service.name": "septet", "deployment.environment.name": "dev"},
        "scope": "septet",
        "deliveries": 1,
        "contents": 1,
        "came": second["came"],
    }


def test_a_span_that_is_told_again_replaces_the_one_before(url: str) -> None:
    exporter = OtlpExporter(f"{url}/v1/traces", environment="dev")
    exporter.export([span(1)])
    exporter.export([span(1, end=NOW + 9)])
    (found,) = shown(url)
    assert (found["end"], found["deliveries"], found["contents"]) == (NOW + 9, 2, 2)
    assert httpx.get(f"{url}/v1/traces", trust_env=False).json()["traces"] == [{"trace": TRACE, "spans": 1, "runs": []}]


def test_times_that_no_clock_shows_are_sent_as_far_as_otlp_goes(url: str) -> None:
    OtlpExporter(f"{url}/v1/traces", environment="dev").export([span(1, start=-5, end=2**60)])
    (found,) = shown(url)
    assert found["start"] == 0
    assert found["end"] > NOW


def test_requests_are_bounded_in_number_and_time() -> None:
    server = Server(200)
    with served(server) as listening:
        exporter = OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev")
        exporter.export([span(number) for number in range(1, BATCH + 2)])
        assert len(server.asked) == 2
        exporter.export([span(1), span(2, start=NOW + DAY, end=NOW + DAY)])
        assert len(server.asked) == 4
        assert {request.encoding for request in server.asked} == {"gzip"}


def test_a_collector_that_is_down_or_busy_or_refuses_the_caller_is_unavailable() -> None:
    with served(Server(403)) as listening, pytest.raises(SpansRefused, match="403"):
        OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev").export([span()])
    with served(Server(503)) as listening, pytest.raises(StoreUnavailable):
        OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev", seconds=0.2).export([span()])
    with pytest.raises(StoreUnavailable, match="no answer"):
        OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev", seconds=0.5).export([span()])


@pytest.mark.parametrize("status", [302, 307, 401, 404, 405])
def test_a_collector_that_will_have_none_from_here_says_so_in_the_log(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with served(Server(status)) as listening, pytest.raises(SpansRefused, match=str(status)):
        OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev").export([span()])
    assert any(record.levelname == "ERROR" and record.name == "septet.aws.otlp" for record in caplog.records)


@pytest.mark.parametrize("status", [408, 500, 501])
def test_a_collector_that_may_take_them_later_refuses_nothing(status: int) -> None:
    with served(Server(status)) as listening, pytest.raises(StoreUnavailable) as raised:
        OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev", seconds=0.2).export([span()])
    assert not isinstance(raised.value, SpansRefused)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n"])
def test_a_collector_that_drips_is_given_up(head: bytes) -> None:
    over = threading.Event()

    def drip(there: socket.socket) -> None:
        with there, suppress(OSError):
            there.recv(65536)
            there.sendall(head)
            while not over.wait(0.05):
                there.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        answering = threading.Thread(target=lambda: drip(listener.accept()[0]), daemon=True)
        answering.start()
        began = monotonic()
        with pytest.raises(StoreUnavailable, match="in time"):
            OtlpExporter(f"http://127.0.0.1:{listener.getsockname()[1]}/v1/traces", environment="dev", seconds=0.2).export([span()])
        over.set()
        answering.join()
    assert monotonic() - began < 5


def test_spans_that_a_collector_takes_and_throws_away_are_told_in_the_log_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    partly = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=3, error_message="CANARY"))
    headers = {"Content-Type": "application/x-protobuf"}
    for body, said in ((partly.SerializeToString(), "rejects 3 of"), (b"\xff", "no answer"), (b"", "")):
        caplog.clear()
        with DoublesServer(port=0).start(lambda _, body=body: Response(status=200, headers=headers, body=body)) as listening:  # type: ignore[misc]  # bound for the loop
            OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev").export([span()])
        assert said in caplog.text
        assert bool(said) == bool(caplog.records)
        assert "CANARY" not in caplog.text


def test_a_span_that_is_refused_for_what_it_is_keeps_no_other_from_going() -> None:
    server = Server(400, 400, 200)
    with served(server) as listening, pytest.raises(SpansRefused, match="refuses 1 of 2 spans"):
        OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev").export([span(1), span(2)])
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_collector_that_refuses_every_span_for_what_it_is_has_taken_none_and_says_so(status: int) -> None:
    server = Server(status)
    with served(server) as listening, pytest.raises(SpansRefused, match="refuses 2 of 2 spans"):
        OtlpExporter(f"http://127.0.0.1:{listening.port}/v1/traces", environment="dev").export([span(1), span(2)])


def test_what_is_too_old_for_x_ray_is_not_sent_there() -> None:
    server = Server(200)
    with served(server) as listening:
        url = f"http://127.0.0.1:{listening.port}/v1/traces"
        OtlpExporter(url, environment="dev", clock=lambda: NOW + 14 * DAY).export([span()])
        assert not server.asked
        OtlpExporter(url, environment="dev", clock=lambda: NOW + 12 * DAY).export([span()])
        assert len(server.asked) == 1


def test_a_request_for_x_ray_is_signed_with_its_body() -> None:
    server, credentials = Server(200), Credentials("AKIDEXAMPLE", "made-up", "a-session")
    with served(server) as listening:
        url = f"http://127.0.0.1:{listening.port}/v1/traces"
        OtlpExporter(url, environment="dev", sign=Signature(lambda: credentials, "eu-central-1")).export([span()])
    (asked,) = server.asked
    assert asked.authorization.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-central-1/xray/aws4_request" in asked.authorization
    assert "x-amz-security-token" in asked.authorization


def test_a_signature_covers_the_body() -> None:
    credentials = Credentials("AKIDEXAMPLE", "made-up")
    request = requests.Request("POST", x_ray("eu-central-1"), data=b"spans", headers={"Content-Type": "application/x-protobuf"}).prepare()
    signed = Signature(lambda: credentials, "eu-central-1")(request)
    again = AWSRequest("POST", x_ray("eu-central-1"), data=b"spans", headers={"Content-Type": "application/x-protobuf"})
    again.context["timestamp"] = signed.headers["X-Amz-Date"]
    signer = SigV4Auth(credentials, "xray", "eu-central-1")
    again.headers["X-Amz-Date"] = signed.headers["X-Amz-Date"]
    canonical = signer.canonical_request(again)
    assert signer.signature(signer.string_to_sign(again, canonical), again) in signed.headers["Authorization"]
