"""The scenario back-end: a test double that answers model calls from what is written, and remembers only which attempt this is."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from threading import Lock
from time import monotonic
from typing import Any

from local.doubles.answer import ConnectionDropped, Event, ModelError, Reply, Told
from local.doubles.call import ModelCall
from local.doubles.scenario.holes import Unfilled
from local.doubles.scenario.library import Library
from local.doubles.scenario.matching import Line, UnexpectedCall, fault_at, find
from local.doubles.scenario.performance import Act, perform
from local.doubles.wire.stream import events

_MOST_COUNTED = 10_000
_LAST_KEPT = 5

type Wait = Callable[[float], bool]
"""Waits so many seconds; true when the server stops meanwhile."""


class Attempts:
    """Counts attempts of a step, for the most recent steps only. Safe to use from several threads."""

    def __init__(self, most: int = _MOST_COUNTED) -> None:
        """Keep *most* counts; the one untouched longest is forgotten first."""
        self._lock = Lock()
        self._most = most
        self._counts: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def next(self, key: tuple[str, ...]) -> int:
        """Give the number of this attempt, from 0."""
        with self._lock:
            attempt = self._counts.pop(key, 0)
            self._counts[key] = attempt + 1
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
        return attempt

    def forget(self, source: str) -> None:
        """Drop the counts of a source's scenarios, because the source changed."""
        with self._lock:
            for key in [key for key in self._counts if key[0] == source]:
                del self._counts[key]


class ScenarioBackend:
    """Answers from a library of scenarios."""

    def __init__(self, *, library: Library, attempts: Attempts, wait: Wait) -> None:
        """Share *library* and *attempts* with whoever changes what is loaded."""
        self._library = library
        self._attempts = attempts
        self._wait = wait
        self._lock = Lock()
        self._unexpected = 0
        self._last_unexpected: deque[str] = deque(maxlen=_LAST_KEPT)

    def converse(self, call: ModelCall) -> Reply:
        """Answer in one piece."""
        act = self._act(call)
        if act.bad_end is not None:
            raise act.bad_end
        return _reply(act)

    def converse_stream(self, call: ModelCall) -> Told:
        """Answer event by event; a bad end comes after half of the reply's events."""
        start = monotonic()
        act = self._act(call)
        if act.reply is None and act.bad_end is not None:
            raise act.bad_end
        reply = _reply(act)
        told = list(events(reply, latency=round((monotonic() - start) * 1000)))
        return Told(events=self._told(told, act), outcome=reply.outcome)

    def _told(self, told: list[Event], act: Act) -> Iterator[Event]:
        if not act.cut and act.bad_end is None:
            yield from told
            return
        yield from told[: len(told) // 2]
        if isinstance(act.bad_end, ConnectionDropped):
            self._wait(act.bad_end.pause)
        if act.bad_end is not None:
            raise act.bad_end

    def status(self) -> dict[str, Any]:
        """Say what is loaded and what came unexpected."""
        loaded = self._library.loaded
        sources = sorted({one.source for one in loaded})
        detail = f"{len(loaded)} scenario{'s' * (len(loaded) != 1)} from {', '.join(sources)}" if loaded else "no scenario is loaded"
        with self._lock:
            return {
                "backend": "scenario",
                "double": True,
                "detail": f"{detail}; a test double that plays a script, no model",
                "unexpected": self._unexpected,
                "last_unexpected": list(self._last_unexpected),
            }

    def _act(self, call: ModelCall) -> Act:
        try:
            line = find(self._library.loaded, call)
            act = self._play(line, call)
        except UnexpectedCall as unexpected:
            with self._lock:
                self._unexpected += 1
                self._last_unexpected.append(unexpected.message)
            raise
        if act.delay and self._wait(act.delay):
            raise ModelError("ServiceUnavailableException", "The model server is stopping.", outcome="stopping")
        return act

    def _play(self, line: Line, call: ModelCall) -> Act:
        fault = None
        if line.step.faults:
            key = (line.source, line.scenario, call.run, call.agent, call.turn, str(call.step))
            fault = fault_at(line.step, self._attempts.next(key))
        try:
            return perform(line.step, fault, call)
        except Unfilled as unfilled:
            raise UnexpectedCall(call, expected=f"{unfilled}. Correct the reply.", scenario=line.place) from unfilled


def _reply(act: Act) -> Reply:
    if act.reply is None:
        raise TypeError("an act without a reply has a bad end")
    return act.reply
