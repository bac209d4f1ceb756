"""The server by raw sockets: bounds, keep-alive, and how it stops."""

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import pytest

from local.doubles.exchange import Answer, Request, Response
from local.doubles.server import DoublesServer


def echo(request: Request) -> Answer:
    return Response(
        status=200, headers={"Content-Type": "text/plain"}, body=f"{request.method} {request.path} {request.query} ".encode() + request.body
    )


@pytest.fixture
def server() -> Iterator[DoublesServer]:
    with DoublesServer(port=0, most_connections=3) as running:
        yield running.start(echo)


@contextmanager
def connected(server: DoublesServer) -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as client:
        yield client


def read(client: socket.socket) -> bytes:
    """Read one answer with a Content-Length, or all there is when the server hangs up."""
    data = b""
    while part := client.recv(65536):
        data += part
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            if len(body) >= length:
                break
    return data


def ask(server: DoublesServer, text: str) -> bytes:
    with connected(server) as client:
        client.sendall(text.encode())
        return read(client)


def test_it_listens_on_loopback_only(server: DoublesServer) -> None:
    assert server.server_address[0] == "127.0.0.1"


def test_a_connection_is_kept_for_the_next_request(server: DoublesServer) -> None:
    with connected(server) as client:
        for number in range(3):
            client.sendall(f"PUT /a?n={number}&b= HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\nhi".encode())
            assert read(client).endswith(f"\r\n\r\nPUT /a {{'n': '{number}', 'b': ''}} hi".encode())


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        ("GET / HTTP/1.1\r\n\r\n", 421),
        ("PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        ("PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400),
        ("PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: many\r\n\r\n", 400),
        (f"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {26 * 1024 * 1024}\r\n\r\n", 413),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_the_connection_closed(server: DoublesServer, request_text: str, status: int) -> None:
    with connected(server) as client:
        client.sendall(request_text.encode())
        answer = read(client)

        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"Connection: close" in answer
        assert client.recv(1) == b""


def test_a_body_that_breaks_off_is_not_answered(server: DoublesServer) -> None:
    with connected(server) as client:
        client.sendall(b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
        client.shutdown(socket.SHUT_WR)

        assert client.recv(65536) == b""


def test_every_loopback_name_is_ours(server: DoublesServer) -> None:
    for host in ("127.0.0.1:1", "localhost", "[::1]:1"):
        assert ask(server, f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_one_connection_too_many_is_turned_away_and_a_closed_one_makes_room(server: DoublesServer) -> None:
    request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(server) as one, connected(server) as two, connected(server) as three:
        for client in (one, two, three):
            client.sendall(request.encode())
            assert read(client).startswith(b"HTTP/1.1 200")
        assert ask(server, request).startswith(b"HTTP/1.1 503")
    while b"503" in ask(server, request)[:13]:
        pass  # the closed connections' threads are on their way out


def test_it_waits_for_the_answer_under_way_and_then_refuses() -> None:
    asked, finish = Event(), Event()

    def slow(request: Request) -> Answer:
        if request.path == "/quick":
            return echo(request)
        asked.set()
        finish.wait(10)
        return Response(status=200, headers={}, body=b"done")

    server = DoublesServer(port=0).start(slow)
    with connected(server) as client, connected(server) as idle:
        idle.sendall(b"GET /quick HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read(idle).startswith(b"HTTP/1.1 200")
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert asked.wait(10)
        stopping = Thread(target=server.stop)
        stopping.start()
        assert server.stopping.wait(10)
        assert idle.recv(1) == b""
        finish.set()
        assert read(client).endswith(b"done")
        stopping.join(10)

    with pytest.raises(ConnectionRefusedError):
        ask(server, "GET / HTTP/1.1\r\n\r\n")


def test_a_busy_port_is_an_error(server: DoublesServer) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        DoublesServer(port=server.port)
