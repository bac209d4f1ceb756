"""The record of model calls: who asked what model, how it ended, and whether it is paid. No words of anybody, so no secrets."""

from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from local.doubles.call import ModelCall

_MOST_KEPT = 10_000
UNDER_WAY = "under way"


@dataclass(kw_only=True)
class CallRecord:
    """One call. Changed only by the thread that answers it."""

    number: int
    at: str
    provider: str
    """Whose protocol it came by: `bedrock`, `sagemaker` or `openai`."""
    model: str
    stream: bool
    agent: str = ""
    turn: str = ""
    run: str = ""
    step: int = 0
    outcome: str = UNDER_WAY
    """`reply`, the fault of a scenario, `unexpected`, `invalid`, an exception's name, or `client gone`."""
    status: int = 0
    """HTTP status; 0 while under way, or when the connection was dropped before a status."""
    billed: bool = False
    """The model did its work: a reply went out, or broke off on the way. Not known while under way."""


class Calls:
    """The most recent calls, in order of arrival. Safe to use from several threads."""

    def __init__(self, most: int = _MOST_KEPT) -> None:
        """Keep the last *most* calls."""
        self._lock = Lock()
        self._total = 0
        self._kept: deque[CallRecord] = deque(maxlen=most)

    def begin(self, *, provider: str, model: str, stream: bool) -> CallRecord:
        """Record that a call came in, before anything is answered."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            self._total += 1
            record = CallRecord(number=self._total, at=at, provider=provider, model=model, stream=stream)
            self._kept.append(record)
        return record

    def listing(self, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """Give the calls whose fields equal *wanted*, as JSON, oldest first."""
        with self._lock:
            kept = [asdict(record) for record in self._kept]
        return [record for record in kept if all(_written(record.get(name)) == value for name, value in wanted.items())]


def describe(record: CallRecord, call: ModelCall) -> None:
    """Add who made the call, and what only its body tells."""
    record.agent, record.turn, record.run, record.step = call.agent, call.turn, call.run, call.step
    record.model, record.stream = call.model, call.stream


def end(record: CallRecord, *, outcome: str, status: int, billed: bool) -> None:
    """Say how it ended; the outcome last, because a reader takes the rest for unknown while it is under way."""
    record.billed = billed
    record.status = status
    record.outcome = outcome


def by_step(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Count the calls of a listing by run, agent, turn and step, in order of the first: all, those billed, those still under way."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in listed:
        who = {name: one[name] for name in ("run", "agent", "turn", "step")}
        counts = found.setdefault(tuple(who.values()), {**who, "calls": 0, "billed": 0, "under_way": 0})
        counts["calls"] += 1
        counts["billed"] += one["billed"]
        counts["under_way"] += one["outcome"] == UNDER_WAY
    return list(found.values())


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
