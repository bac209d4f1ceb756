"""Stand-ins for the twin's servers: small, quick, and as badly behaved as a test asks."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.twin.layout import Layout
from local.twin.parts import DOUBLES, LOCALSTACK, MARK, Part, Ports
from local.twin.twin import Twin

SERVER = """
import http.server, json, signal, subprocess, sys, time
port, says = int(sys.argv[1]), sys.argv[2]
if says == "dies":
    sys.exit("no such scenario: orders.yaml")
if says == "never ready":
    time.sleep(60)
if says == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if says == "has a child":
    slow = "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(0.5), sys.exit()))"
    slow = f"import signal, sys, time; {slow}; print(flush=True); time.sleep(60)"
    subprocess.Popen([sys.executable, "-c", slow], env={}, stdout=subprocess.PIPE).stdout.readline()
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        services = {"s3": "running", "sqs": "available"}
        body = json.dumps({"model": {"backend": "scenario", "detail": "a stand-in"}, "services": services}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answers).serve_forever()
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stage:
    """A twin of stand-ins, and how each of them behaves."""

    home: Path
    ports: Ports
    behaviour: dict[str, str] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)
    patience: float = 20.0
    answer_within: float = 10.0
    said: list[str] = field(default_factory=list)
    made: list[Twin] = field(default_factory=list)

    def twin(self, *, say: Callable[[str], None] | None = None) -> Twin:
        """Describe the twin anew, as another command would."""
        twin = Twin(self.home, self.ports.localstack, self.ports.doubles, say=say or self.said.append, make_parts=self.parts)
        self.made.append(twin)
        return twin

    def parts(self, layout: Layout, ports: Ports) -> tuple[Part, ...]:
        return (
            self._part(layout, LOCALSTACK, ports.localstack, "SEPTET_PORT"),
            self._part(layout, DOUBLES, ports.doubles, "SEPTET_DOUBLES_PORT"),
        )

    def _part(self, layout: Layout, name: str, port: int, variable: str) -> Part:
        return Part(
            name=name,
            port=port,
            port_variable=variable,
            health="/health",
            arguments=(self.programs.get(name, sys.executable), "-c", SERVER, str(port), self.behaviour.get(name, "")),
            environment={"PATH": os.environ["PATH"], MARK: f"{name}:{layout.home}"},
            log=layout.logs / f"{name}.log",
            patience=self.patience,
            answer_within=self.answer_within,
        )


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(home=tmp_path / "twin", ports=Ports(localstack=free_port(), doubles=free_port()))
    yield stage
    stage.twin(say=lambda _: None).down()
