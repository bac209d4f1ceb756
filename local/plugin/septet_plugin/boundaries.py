"""Faults for tests, inside a function's process: notes each boundary that it crosses, and kills the process at the planned one.

Loaded by `launch.py` on the functions' interpreter, so it imports nothing of this package. A boundary is a request of botocore, or the
hand-over of an event or an answer; nothing happens for a run without a plan. A test device of the twin: on AWS it does not exist.
"""

import importlib.util
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, override
from urllib.parse import unquote, urlsplit

RUN = re.compile(rb"run-[0-9a-hjkmnp-tv-z]{26}")
"""A run's id, wherever it stands in an event or a request."""
EVENT, ANSWER = "event", "answer"
"""The boundaries that are no requests: the function gets its event, and gives its answer or its error."""
_SERVICE = re.compile(r"/([^/,]+)/aws4_request")
_TABLE = re.compile(rb'"TableName": ?"([^"]+)"')


class Boundaries:
    """What one process does at its boundaries."""

    def __init__(self, folder: Path, function: str) -> None:
        self._folder = folder
        self._function = function
        self._event_run = ""
        self._lock = threading.Lock()

    def began(self, event: bytes) -> None:
        """Take the next event: every boundary up to the next one belongs to its run. Of several runs, as a stream tells of, none is its."""
        runs = set(RUN.findall(event))
        self._event_run = runs.pop().decode() if len(runs) == 1 else ""
        self.hand_over(EVENT, lambda: None)

    def hand_over[T](self, name: str, action: Callable[[], T]) -> T:
        """Perform *action*, by which an event or an answer changes hands."""
        return self._cross(self._event_run, lambda: name, action)

    def send[T](self, request: Any, action: Callable[[], T]) -> T:
        """Perform *action*, which sends *request* of botocore; a request whose event names no run, or several, may name one itself."""
        run = self._event_run or _run(request.url.encode()) or _run(_body(request))
        return self._cross(run, lambda: named(request), action)

    def _cross[T](self, run: str, named: Callable[[], str], action: Callable[[], T]) -> T:
        """Perform *action*, unless the process is to die before it; it may also die right after."""
        plan = self._plan(run)
        if plan is None:
            return action()
        name = named()
        place = {"function": self._function, "boundary": name, "occurrence": self._note(run, name)}
        self._die(run, plan.get("kill"), {**place, "side": "before"})
        result = action()
        self._die(run, plan.get("kill"), {**place, "side": "after"})
        return result

    def _plan(self, run: str) -> Mapping[str, Any] | None:
        if not run:
            return None
        try:
            plan: Mapping[str, Any] = json.loads((self._folder / f"{run}.json").read_bytes())
        except FileNotFoundError:
            return None
        return plan

    def _note(self, run: str, name: str) -> int:
        """Write the boundary down for *run*; how often this function has come to it, this time included."""
        file = self._folder / f"{run}.crossed"
        line = json.dumps({"function": self._function, "boundary": name}) + "\n"
        with self._lock, file.open("a+") as crossed:
            crossed.seek(0)
            earlier = sum(one == line for one in crossed)
            crossed.write(line)
        return earlier + 1

    def _die(self, run: str, kill: Mapping[str, Any] | None, place: Mapping[str, Any]) -> None:
        """End this process, if *kill* means this *place* and has not fired as often as it may."""
        if kill is None or any(place[name] != kill[name] for name in place if name in kill):
            return
        for time in range(kill.get("times", 1)):
            try:  # creating the file decides: of two processes at the same place one is killed
                os.close(os.open(self._folder / f"{run}.killed-{time}", os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                continue
            os.kill(os.getpid(), signal.SIGKILL)


def _run(content: bytes) -> str:
    found = RUN.search(content)
    return found[0].decode() if found else ""


def named(request: Any) -> str:
    """What a prepared request of botocore is for: its service, its operation, and what it is done to."""
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    path = unquote(urlsplit(request.url).path)
    signed = _SERVICE.search(headers.get("authorization", ""))
    service = signed[1] if signed else ""
    if target := headers.get("x-amz-target"):
        return " ".join((service, target.rpartition(".")[2], *_tables(_body(request))))
    return f"{service} {request.method} {'/'.join(path.split('/')[:2]) if service == 's3' else path}"


def _tables(body: bytes) -> list[str]:
    """The tables that a request to DynamoDB is about; others have none."""
    batch = json.loads(body).get("RequestItems", {}) if b'"RequestItems"' in body else ()
    return sorted({*batch, *(table.decode() for table in _TABLE.findall(body))})


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _body(request: Any) -> bytes:
    body = request.body
    return body.encode() if isinstance(body, str) else bytes(body) if isinstance(body, bytes | bytearray) else b""


class _Hooked(Loader):
    """Loads a module as its own loader does, and hooks it."""

    def __init__(self, loader: Loader, hook: Callable[[ModuleType], None]) -> None:
        self._loader = loader
        self._hook = hook

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    @override
    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._hook(module)


class _Finder(MetaPathFinder):
    """Hooks `botocore.httpsession` when the function imports it, which may be never."""

    def __init__(self, boundaries: Boundaries) -> None:
        self._boundaries = boundaries

    @override
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != "botocore.httpsession":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec and spec.loader:
            spec.loader = _Hooked(spec.loader, self._hook)
        return spec

    def _hook(self, module: ModuleType) -> None:
        send, boundaries = module.URLLib3Session.send, self._boundaries

        def sent(session: Any, request: Any) -> Any:
            return boundaries.send(request, lambda: send(session, request))

        module.URLLib3Session.send = sent


def install(folder: str, function: str) -> None:
    """Watch this process: plans for runs lie in *folder*."""
    from awslambdaric.lambda_runtime_client import BaseLambdaRuntimeClient as Client  # noqa: PLC0415 what is about to run anyway

    boundaries = Boundaries(Path(folder), function)
    wait = Client.wait_next_invocation

    def waited(client: Any) -> Any:
        request = wait(client)
        boundaries.began(request.event_body if isinstance(request.event_body, bytes) else str(request.event_body).encode())
        return request

    def answering(post: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **given: boundaries.hand_over(ANSWER, lambda: post(*args, **given))

    Client.wait_next_invocation = waited
    Client.post_invocation_result = answering(Client.post_invocation_result)
    Client.post_invocation_error = answering(Client.post_invocation_error)
    sys.meta_path.insert(0, _Finder(boundaries))
