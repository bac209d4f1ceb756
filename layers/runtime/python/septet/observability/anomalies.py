"""Runs that take far more than runs of their workflow do, found while they go on.

What is usual is what the latest runs took that succeeded. A run is flagged when it has taken more than twice their 99th percentile. Were
nothing unusual, so that a run may stand in any place among the others, then at most 1 in 100 would be flagged once ``WINDOW`` runs are
known, and at most 1 in 21 with ``LEAST``; the factor makes it fewer still (docs/failures.md).
"""

from collections.abc import Mapping
from dataclasses import field
from math import ceil
from typing import Literal, Protocol

from septet.core.errors import Fenced
from septet.core.frozen import frozen
from septet.core.journal import Clock
from septet.core.summaries import Summaries, Summary
from septet.observability.measures import Measure, Meter

Way = Literal["cost", "steps"]
"""In which a run may be unusual: micro-dollars, or model calls."""
WAYS: tuple[Way, ...] = ("cost", "steps")
WINDOW = 199
"""Runs that are remembered; with so many, the 99th percentile is the second from the top."""
LEAST = 20
"""Runs without which nothing is usual."""
FACTOR = 2
TRIES = 5
"""To remember a run while others of its workflow end; one that cannot be is left out."""
_FRESH = 60_000
"""Milliseconds for which what is usual is not read again."""
_KEPT = 500
"""Workflows of tenants of which it is kept at hand."""


@frozen
class Taken:
    """What a run took that succeeded."""

    run: str
    ended: int
    """Milliseconds since the epoch."""
    cost: int
    """Micro-dollars."""
    steps: int
    """Model calls."""


@frozen
class Usual:
    """What the latest runs of a tenant's workflow took."""

    taken: Mapping[str, Taken] = field(default_factory=dict)
    """By run; ``WINDOW`` of them at most."""
    version: int = 0
    """How often it was written."""

    def joined(self, one: Taken) -> "Usual":
        """With *one* more, and without those that ended too long before: the same in whatever order, and however often, runs are joined."""
        latest = sorted({**self.taken, one.run: one}.values(), key=lambda taken: (taken.ended, taken.run))[-WINDOW:]
        return Usual(taken={taken.run: taken for taken in latest}, version=self.version)

    def percentile(self, way: Way, *, without: str = "") -> int | None:
        """What 99 of 100 runs take at most, by the nearest rank, not counting the run *without*; None of fewer than ``LEAST``."""
        values = sorted(getattr(taken, way) for run, taken in self.taken.items() if run != without)
        return values[ceil(len(values) * 99 / 100) - 1] if len(values) >= LEAST else None


@frozen
class Anomaly:
    """A run that takes far more than is usual."""

    tenant: str
    run: str
    workflow: str
    attempt: int
    way: Way
    value: int
    """Micro-dollars or model calls so far."""
    usual: int
    """The 99th percentile."""
    known: int
    """Runs that it is of."""
    at: int
    """Milliseconds since the epoch."""


class Usuals(Protocol):
    """Storage of what is usual. Nothing here crosses a tenant."""

    def get(self, tenant: str, workflow: str) -> Usual:
        """What is usual, read consistently; an empty one when nothing is known."""
        ...

    def put(self, tenant: str, workflow: str, usual: Usual) -> None:
        """Note *usual* if what stands is of its version. Raises Fenced when it is not, and StoreUnavailable."""
        ...


class Alerts(Protocol):
    """Tells whoever listens of anomalies."""

    def tell(self, anomaly: Anomaly) -> None:
        """Tell it. Raises StoreUnavailable when nobody took it: the caller tries again."""
        ...


def found(summary: Summary, usual: Usual, at: int) -> tuple[Anomaly, ...]:
    """In which ways the run of *summary*, as far as it has come, is unusual and was not flagged before."""
    anomalies = []
    for way in WAYS:
        value = summary.cost if way == "cost" else summary.model_calls
        most = usual.percentile(way, without=summary.run)
        if most is not None and value > FACTOR * most and way not in summary.flagged:
            known = len(usual.taken.keys() - {summary.run})
            named = {"tenant": summary.tenant, "run": summary.run, "workflow": summary.workflow, "attempt": summary.attempt}
            anomalies.append(Anomaly(**named, way=way, value=value, usual=most, known=known, at=at))  # type: ignore[arg-type]  # a dictionary's
    return tuple(anomalies)


class Watch:
    """Flags runs, and learns from those that succeeded."""

    def __init__(self, *, usuals: Usuals, summaries: Summaries, alerts: Alerts, meter: Meter, clock: Clock) -> None:
        self._usuals = usuals
        self._summaries = summaries
        self._alerts = alerts
        self._meter = meter
        self._clock = clock
        self._at_hand: dict[tuple[str, str], tuple[int, Usual]] = {}

    def look(self, summary: Summary) -> None:
        """Tell in which ways a run has become unusual: to whoever listens at least once, as a measure at most once."""
        for one in found(summary, self._usual(summary), self._clock()):
            self._alerts.tell(one)
            if self._summaries.flag(one.tenant, one.run, one.way):
                self._meter.tell([Measure(metric="Anomalies", value=1, dimensions={"workflow": one.workflow, "kind": one.way}, at=one.at)])

    def learn(self, summary: Summary) -> None:
        """Remember what a run took, if it succeeded. Learning from it again is the same."""
        if summary.ended is None or summary.status != "succeeded":
            return
        taken = Taken(run=summary.run, ended=summary.ended, cost=summary.cost, steps=summary.model_calls)
        for _ in range(TRIES):
            before = self._usuals.get(summary.tenant, summary.workflow)
            after = before.joined(taken)
            if after.taken == before.taken:
                return
            try:
                self._usuals.put(summary.tenant, summary.workflow, after)
            except Fenced:
                continue
            return

    def _usual(self, summary: Summary) -> Usual:
        """What is usual, as it was a minute ago at most."""
        key, now = (summary.tenant, summary.workflow), self._clock()
        read, usual = self._at_hand.get(key, (None, Usual()))
        if read is None or now - read >= _FRESH:
            usual = self._usuals.get(*key)
            self._at_hand.pop(key, None)
            self._at_hand[key] = (now, usual)
            while len(self._at_hand) > _KEPT:
                del self._at_hand[next(iter(self._at_hand))]
        return usual
