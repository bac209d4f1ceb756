"""Puts the doubles together: the one place that chooses the back-end."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.doubles import issuer
from local.doubles.answer import Backend
from local.doubles.calls import Calls
from local.doubles.forward.client import ForwardBackend, Upstream
from local.doubles.recording import Recorded
from local.doubles.routes import Routes, Script
from local.doubles.scenario.backend import Attempts, ScenarioBackend
from local.doubles.scenario.library import Library
from local.doubles.server import DoublesServer


@dataclass(frozen=True, kw_only=True)
class Running:
    """The doubles while they serve."""

    url: str
    """Where the model server is; the base of every route."""
    issuer_url: str
    backend: Backend


@contextmanager
def running(*, home: Path, port: int, library: Library, upstream: Upstream | None) -> Iterator[Running]:
    """Serve on 127.0.0.1 until the block ends: *upstream* answers model calls, or without it the scenarios of *library*.

    Raises OSError when the port is busy, ValueError when the issuer's keys are damaged.
    """
    issuer.public_keys(home)
    with ExitStack() as stack:
        server = stack.enter_context(DoublesServer(port=port))
        url = f"http://127.0.0.1:{server.port}"
        backend: Backend
        if upstream:
            backend = stack.enter_context(ForwardBackend(upstream))
            script = None
        else:
            script = Script(library=library, attempts=Attempts())
            backend = ScenarioBackend(library=library, attempts=script.attempts, wait=server.stopping.wait)
        routes = Routes(backend=backend, calls=Calls(), script=script, home=home, issuer_url=f"{url}/issuer")
        server.start(Recorded(routes.answer, home / "recording" / "doubles.jsonl"))
        yield Running(url=url, issuer_url=f"{url}/issuer", backend=backend)
