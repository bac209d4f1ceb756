"""The record of model calls: who asked what model, and how it ended. No words of anybody, so no secrets."""

from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from local.doubles.call import ModelCall

_MOST_KEPT = 10_000


@dataclass(kw_only=True)
class CallRecord:
    """One call. Changed only by the thread that answers it."""

    number: int
    at: str
    model: str
    stream: bool
    agent: str = ""
    turn: str = ""
    run: str = ""
    step: int = 0
    outcome: str = "under way"
    """`reply`, the fault of a scenario, `unexpected`, `invalid`, an exception's name, or `client gone`."""
    status: int = 0
    """HTTP status; 0 while under way, or when the connection was dropped before a status."""


class Calls:
    """The most recent calls, in order of arrival. Safe to use from several threads."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        """Keep the last *most* calls."""
        self._lock = Lock()
        self._total = 0
        self._kept: deque[CallRecord] = deque(maxlen=most)

    def begin(self, *, model: str, stream: bool) -> CallRecord:
        """Record that a call came in, before anything is answered."""
        with self._lock:
            self._total += 1
            record = CallRecord(number=self._total, at=datetime.now(UTC).isoformat(timespec="milliseconds"), model=model, stream=stream)
            self._kept.append(record)
        return record

    def listing(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """Give the calls whose fields equal *wanted*, as JSON, oldest first."""
        with self._lock:
            kept = [asdict(record) for record in self._kept]
        return [record for record in kept if all(str(record.get(name)) == value for name, value in wanted.items())]


def describe(record: CallRecord, call: ModelCall) -> None:
    """Add who made the call."""
    record.agent, record.turn, record.run, record.step = call.agent, call.turn, call.run, call.step


def end(record: CallRecord, *, outcome: str, status: int) -> None:
    """Say how it ended."""
    record.outcome, record.status = outcome, status
