"""An execution environment: a runtime process, its Runtime API, and one invocation at a time, with Lambda's failures."""

import contextlib
import math
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from septet_plugin import answers, output, process
from septet_plugin.runtime_api import RuntimeApi
from septet_plugin.session import Event, Session


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What makes one environment."""

    id: str
    function: str
    version: str
    memory: int
    """Configured megabytes; not enforced."""
    timeout: float
    """Seconds an invocation may take."""
    init_limit: float
    """Seconds the first initialisation may take."""
    command: process.Command
    home: Path
    """A folder of its own, removed when it stops."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An invocation before its deadline is known; fields as in `Event`."""

    request_id: str
    payload: bytes
    function_arn: str
    trace_id: str = ""
    client_context: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an invocation came to."""

    body: bytes
    is_error: bool
    logs: str
    """The environment's output since the last invocation, with Lambda's START, END and REPORT lines."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    body: bytes
    is_error: bool
    log: str = ""
    """What Lambda itself logs about it."""


class StoppedError(Exception):
    """The environment has ended and takes no more invocations."""


class Environment:
    """One execution environment. `invoke` is called by one thread at a time; everything else from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = RuntimeApi()
        address = {"AWS_LAMBDA_RUNTIME_API": self._api.address}
        self._command = replace(settings.command, variables={**settings.command.variables, **address})
        self._output = output.Output(settings.command.log)
        self._session = Session()
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._cold = True
        self._busy = self._retired = self._stopped = False
        self._lock = threading.Lock()

    # life

    def start(self) -> None:
        """Start the runtime process; its initialisation goes on by itself."""
        self._fresh()

    def retire(self) -> None:
        """End the environment: at once when it is idle, else after the running invocation."""
        with self._lock:
            self._retired = True
            if self._busy:
                return
        self.stop()

    def stop(self) -> None:
        """End the environment now, whatever it does."""
        self._stopped = True
        self._api.stop()
        self._end()
        shutil.rmtree(self._settings.home, ignore_errors=True)

    def describe(self) -> dict[str, Any]:
        """Say which function this environment is for, its process id, the runtime's state and whether it is busy."""
        running, session = self._process, self._session
        return {
            "id": self._settings.id,
            "function": self._settings.function,
            "version": self._settings.version,
            "pid": running.pid if running and not session.gone else None,
            "state": "Ended" if session.gone else str(session.state),
            "busy": self._busy,
        }

    def printed(self) -> str:
        """Return everything the environment's processes have printed."""
        return self._output.whole()

    def _fresh(self) -> Session:
        self._end()
        if self._stopped:
            raise StoppedError(self._settings.function)
        self._session = session = self._api.begin()
        self._started, self._cold = time.monotonic(), True
        self._process = running = process.start(self._command)
        threading.Thread(target=_watch, args=(running, session), name=f"watch-{running.pid}", daemon=True).start()
        return session

    def _end(self) -> None:
        self._session.close()
        running, self._process = self._process, None
        if running:
            process.end(running)

    # invocation

    def invoke(self, request: Request) -> Outcome:
        """Run one invocation to its answer, whatever happens to the process. Raise `StoppedError` after the end."""
        with self._lock:
            self._busy = True
        try:
            return self._invoke(request)
        finally:
            with self._lock:
                self._busy = False
            if self._retired:
                self.stop()

    def _invoke(self, request: Request) -> Outcome:
        session = self._fresh() if self._session.gone else self._session
        session, until, answer = self._initialise(request, session)
        logs = self._output.new() + output.start_line(request.request_id, self._settings.version)
        answer = answer or self._run(request, session, until)
        logs += self._output.new() + answer.log
        logs += output.end_lines(
            request.request_id,
            seconds=time.monotonic() - (until - self._settings.timeout),
            init_seconds=self._init_seconds(),
            configured=self._settings.memory,
            used=self._memory_used(),
        )
        return Outcome(body=answer.body, is_error=answer.is_error, logs=logs)

    def _initialise(self, request: Request, session: Session) -> tuple[Session, float, _Answer | None]:
        """Wait for the runtime's initialisation; one over its limit is tried once more within the function's own time.

        This is what "Lambda execution environment lifecycle" in AWS's developer guide says of the Init phase.
        Returns the session to use, the invocation's deadline (monotonic seconds), and the answer if there is one already.
        """
        timeout = self._settings.timeout
        if session.wait_initialised(self._started + self._settings.init_limit - time.monotonic()):
            until = time.monotonic() + timeout
        else:
            session = self._fresh()
            until = self._started + timeout
            if not session.wait_initialised(timeout):
                return session, until, self._timed_out(request)
        if session.init_error is not None:
            self._end()
            return session, until, _Answer(body=session.init_error, is_error=True)
        return session, until, self._exited(request, session) if session.gone else None

    def _run(self, request: Request, session: Session, until: float, *, again: bool = True) -> _Answer:
        event = Event(**vars(request), deadline_ms=int((time.time() + until - time.monotonic()) * 1000))
        if result := session.invoke(event, until=until):
            return _Answer(body=result.body, is_error=result.is_error)
        if not session.gone:
            return self._timed_out(request)
        if session.took(event) or self._stopped or not again:
            return self._exited(request, session)
        # The process was gone before it took the event, as after a response that was too large: a fresh one serves it.
        session, until, answer = self._initialise(request, self._fresh())
        return answer or self._run(request, session, until, again=False)

    def _timed_out(self, request: Request) -> _Answer:
        self._end()
        body, log = answers.timed_out(request.request_id, self._settings.timeout)
        return _Answer(body=body, is_error=True, log=log)

    def _exited(self, request: Request, session: Session) -> _Answer:
        self._end()
        body, log = answers.exited(request.request_id, -9 if session.exit_status is None else session.exit_status)
        return _Answer(body=body, is_error=True, log=log)

    def _init_seconds(self) -> float | None:
        if not self._cold or self._session.initialised is None:
            return None
        self._cold = False
        return self._session.initialised - self._started

    def _memory_used(self) -> int:
        running = self._process
        with contextlib.suppress(psutil.Error):
            return math.ceil(psutil.Process(running.pid).memory_info().rss / 2**20) if running else 0
        return 0


def _watch(running: subprocess.Popen[bytes], session: Session) -> None:
    session.exited(running.wait())
