"""The life of one runtime process as the Runtime API sees it: initialising, waiting for an event, working, gone.

One side is the process, through `RuntimeApi`; the other is whoever invokes. All waiting is on one condition: nothing polls.
"""

import threading
import time
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from septet_plugin import answers


class State(StrEnum):
    """States with the names AWS's implementation gives them in its messages."""

    STARTED = "Started"
    INIT_ERROR = "InitError"
    READY = "Ready"
    RUNNING = "Running"
    RESPONSE_SENT = "ResponseSent"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One invocation as the runtime receives it."""

    request_id: str
    payload: bytes
    deadline_ms: int
    """Unix time in milliseconds."""
    function_arn: str
    trace_id: str = ""
    client_context: str = ""
    """JSON, or empty."""
    cognito_identity: str = ""
    """JSON, or empty."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the runtime answered."""

    body: bytes
    is_error: bool = False


class RefusedError(Exception):
    """An answer of the Runtime API other than success: an HTTP status, an error type and a message."""

    def __init__(self, status: HTTPStatus, error_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message


class ClosedError(Exception):
    """Nobody will answer this request: the process behind it is gone or being ended."""


@dataclass(kw_only=True, eq=False)
class Session:
    """One runtime process from its start to its end; every fresh process gets a fresh session."""

    state: State = State.STARTED
    init_error: bytes | None = None
    """What the runtime posted when its initialisation failed."""
    exit_status: int | None = None
    """`Popen.returncode` once the process is gone."""
    initialised: float | None = None
    """Monotonic seconds when the runtime first asked for an event."""
    _offered: Event | None = None
    _taken: Event | None = None
    _result: Result | None = None
    _closed: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    # the runtime's side

    def next(self) -> Event:
        """Wait for the next event. Raise `ClosedError` when the session ends first."""
        with self._changed:
            if self.state is State.INIT_ERROR:
                raise self._forbidden(State.READY)
            if self.state is not State.RUNNING:
                self.initialised = self.initialised or time.monotonic()
                self.state = State.READY
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._offered is not None or self._closed)
                self._taken, self._offered = self._offered, None
            if self._closed or self._taken is None:
                raise ClosedError
            self.state = State.RUNNING
            return self._taken

    def respond(self, request_id: str, result: Result, size: int) -> None:
        """Take the answer to the running invocation; `size` counts all bytes sent, of which `result` may hold fewer."""
        with self._changed:
            if self._taken is None or request_id != self._taken.request_id:
                raise RefusedError(HTTPStatus.BAD_REQUEST, "InvalidRequestID", "Invalid request ID")
            if self.state is not State.RUNNING:
                raise self._forbidden("InvocationErrorResponse" if result.is_error else "InvocationResponse")
            self.state = State.RESPONSE_SENT
            oversized = size > answers.RESPONSE_LIMIT
            self._result = Result(body=answers.too_large(size), is_error=True) if oversized else result
            self._changed.notify_all()
            if oversized:
                text = f"Exceeded maximum allowed payload size ({answers.RESPONSE_LIMIT} bytes)."
                raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestEntityTooLarge", text)

    def fail_init(self, body: bytes) -> None:
        """Take the runtime's report that it could not initialise."""
        with self._changed:
            if self.state is not State.STARTED:
                raise self._forbidden(State.INIT_ERROR)
            self.state = State.INIT_ERROR
            self.init_error = body
            self._changed.notify_all()

    def _forbidden(self, wanted: str) -> RefusedError:
        text = f"State transition from {self.state} to {wanted} failed for runtime. Error: State transition is not allowed"
        return RefusedError(HTTPStatus.FORBIDDEN, "InvalidStateTransition", text)

    # the invoker's side

    def wait_initialised(self, seconds: float) -> bool:
        """Wait until the runtime asks for an event, reports an init error or is gone. False when time runs out."""
        with self._changed:
            return self._changed.wait_for(lambda: self.state is not State.STARTED or self.gone, seconds)

    def invoke(self, event: Event, *, until: float) -> Result | None:
        """Offer an event and wait for its answer until `until` (monotonic seconds). None: out of time, or gone (see `gone`)."""
        with self._changed:
            self._offered, self._result = event, None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._result is not None or self.gone, max(0.0, until - time.monotonic()))
            return self._result

    def took(self, event: Event) -> bool:
        """Whether the runtime has taken this event."""
        return self._taken is event

    @property
    def gone(self) -> bool:
        """Whether the process has ended or is being ended."""
        return self._closed or self.exit_status is not None

    def exited(self, status: int) -> None:
        """Record that the process has ended, and wake everyone who waits."""
        with self._changed:
            self.exit_status = status
        self.close()

    def close(self) -> None:
        """Wake everyone who waits: the process is gone or about to be ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
