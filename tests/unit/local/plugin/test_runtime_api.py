"""The Runtime API by itself: what a runtime may ask, and what it is told otherwise.

Expectations: the OpenAPI file of the Lambda Runtime API 2018-06-01 (statuses, StatusResponse, ErrorResponse, headers), and for
error types and wording aws/aws-lambda-runtime-interface-emulator, lambda/rapi.
"""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from septet_plugin import answers
from septet_plugin.runtime_api import RuntimeApi
from septet_plugin.session import Event, Session

ROOT = "/2018-06-01/runtime"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    served = RuntimeApi()
    yield served
    served.stop()


@pytest.fixture
def session(api: RuntimeApi) -> Session:
    return api.begin()


@pytest.fixture
def client(api: RuntimeApi, session: Session) -> Iterator["Client"]:  # noqa: ARG001 a connection belongs to the session it began in
    connection = http.client.HTTPConnection(api.address, timeout=20)
    yield Client(connection)
    connection.close()


class Client:
    """A runtime: one connection, kept alive."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection

    def ask(self, method: str, path: str, body: Any = None, headers: Any = None) -> tuple[int, Any, bytes]:
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, answer.headers, content

    def next(self) -> tuple[int, Any, bytes]:
        return self.ask("GET", f"{ROOT}/invocation/next")

    def post(self, path: str, body: Any = b"{}", headers: Any = None) -> tuple[int, Any]:
        status, _, content = self.ask("POST", f"{ROOT}{path}", body, headers)
        return status, json.loads(content)


def event(request_id: str = "1", **fields: Any) -> Event:
    return Event(request_id=request_id, payload=b'{"a":1}', deadline_ms=1_700_000_000_123, function_arn="arn:f", **fields)


def offer(session: Session, offered: Event, seconds: float = 20) -> tuple[threading.Thread, list[Any]]:
    """Invoke from another thread; the result lands in the list returned."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(session.invoke(offered, until=time.monotonic() + seconds)))
    thread.start()
    return thread, results


def test_next_brings_the_event_with_its_headers(session: Session, client: Client) -> None:
    thread, _ = offer(session, event(trace_id="Root=1-a;Parent=b;Sampled=1", client_context='{"x":1}', cognito_identity='{"y":2}'))
    status, headers, content = client.next()
    assert (status, content) == (200, b'{"a":1}')
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "1"
    assert headers["Lambda-Runtime-Deadline-Ms"] == "1700000000123"
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:f"
    assert headers["Lambda-Runtime-Trace-Id"] == "Root=1-a;Parent=b;Sampled=1"
    assert headers["Lambda-Runtime-Client-Context"] == '{"x":1}'
    assert headers["Lambda-Runtime-Cognito-Identity"] == '{"y":2}'
    assert client.post("/invocation/1/response") == (202, {"status": "OK"})
    thread.join()


@pytest.mark.parametrize(("kind", "is_error"), [("response", False), ("error", True)])
def test_an_answer_reaches_the_invoker(session: Session, client: Client, kind: str, is_error: object) -> None:
    thread, results = offer(session, event())
    client.next()
    assert client.post(f"/invocation/1/{kind}", b'{"r":1}') == (202, {"status": "OK"})
    thread.join()
    assert (results[0].body, results[0].is_error) == (b'{"r":1}', is_error)


def test_a_chunked_answer_is_put_together(session: Session, client: Client) -> None:
    thread, results = offer(session, event())
    client.next()
    assert client.post("/invocation/1/response", iter([b'{"r"', b":1}"]))[0] == 202
    thread.join()
    assert results[0].body == b'{"r":1}'


def test_an_error_without_a_body_takes_its_type_from_the_header(session: Session, client: Client) -> None:
    thread, results = offer(session, event())
    client.next()
    client.post("/invocation/1/error", b"", {"Lambda-Runtime-Function-Error-Type": "Function.Odd"})
    thread.join()
    assert json.loads(results[0].body)["errorType"] == "Function.Odd"


def test_another_request_id_is_refused_and_the_invocation_goes_on(session: Session, client: Client) -> None:
    thread, results = offer(session, event())
    client.next()
    assert client.post("/invocation/2/response") == (400, {"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"})
    assert client.post("/invocation/1/response", b'"right"')[0] == 202
    thread.join()
    assert results[0].body == b'"right"'


def test_a_second_answer_is_forbidden(session: Session, client: Client) -> None:
    thread, results = offer(session, event())
    client.next()
    client.post("/invocation/1/response", b'"first"')
    thread.join()
    status, content = client.post("/invocation/1/error", b'"second"')
    assert (status, content["errorType"]) == (403, "InvalidStateTransition")
    assert content["errorMessage"].startswith("State transition from ResponseSent to InvocationErrorResponse failed for runtime.")
    assert results[0].body == b'"first"'


def test_an_init_error_after_the_initialisation_is_forbidden(session: Session, client: Client) -> None:
    thread, _ = offer(session, event())
    client.next()
    assert client.post("/init/error")[0] == 403
    client.post("/invocation/1/response")
    thread.join()


def test_after_an_init_error_there_are_no_events(session: Session, client: Client) -> None:
    assert client.post("/init/error", b'{"errorType":"X"}') == (202, {"status": "OK"})
    assert session.init_error == b'{"errorType":"X"}'
    assert client.next()[0] == 403


def test_asking_again_without_an_answer_brings_the_same_event(session: Session, client: Client) -> None:
    thread, _ = offer(session, event())
    assert client.next()[2] == client.next()[2]
    client.post("/invocation/1/response")
    thread.join()


def test_a_response_over_the_limit_is_too_large(session: Session, client: Client) -> None:
    thread, results = offer(session, event())
    client.next()
    assert client.post("/invocation/1/response", b"x" * (answers.RESPONSE_LIMIT + 1)) == (
        413,
        {"errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).", "errorType": "RequestEntityTooLarge"},
    )
    thread.join()
    assert json.loads(results[0].body)["errorType"] == "Function.ResponseSizeTooLarge"


def test_the_next_event_waits_until_the_runtime_asks(session: Session, client: Client) -> None:
    for number in ("1", "2"):
        thread, results = offer(session, event(number))
        assert client.next()[1]["Lambda-Runtime-Aws-Request-Id"] == number
        client.post(f"/invocation/{number}/response", number.encode())
        thread.join()
        assert results[0].body == number.encode()


@pytest.mark.parametrize(("method", "path"), [("GET", "/invocation/nothing"), ("POST", "/invocation/1/none"), ("GET", "/../secret")])
def test_an_unknown_path_is_not_found(client: Client, method: str, path: str) -> None:
    assert client.ask(method, ROOT + path)[0] == 404


@pytest.mark.parametrize("nonsense", [b"\r\n\r\n", b"GET\r\n", b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", b"\x00\xff\x00"])
def test_nonsense_does_not_stop_the_api(api: RuntimeApi, client: Client, nonsense: bytes) -> None:
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(nonsense)
    assert client.ask("GET", "/nothing")[0] == 404


def test_stopping_wakes_a_runtime_that_waits_and_closes_the_port(api: RuntimeApi, client: Client) -> None:
    outcome: list[Any] = []

    def wait() -> None:
        try:
            outcome.append(client.next())
        except (http.client.HTTPException, OSError) as error:
            outcome.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    api.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert isinstance(outcome[0], Exception)
    host, port = api.address.split(":")
    with pytest.raises(OSError, match=r"refused|reset"):
        socket.create_connection((host, int(port)), timeout=5).recv(1)
