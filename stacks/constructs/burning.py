"""What a workflow promises, as alarms: how fast it uses up what may go wrong, over a long window and a short one at once.

Windows and rates are those of Google's SRE workbook, chapter 5, for a promise over thirty days: the long window says that it matters, the
short one that it still goes on. https://sre.google/workbook/alerting-on-slos/
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from stacks.catalog.slo import FASTEST, Objectives, Promise
from stacks.constructs.measured import Alert, Metrics, Query, Watch, together

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How fast a budget burns, and the two windows that show it."""

    name: str
    rate: float
    """1 uses up exactly what thirty days allow."""
    long: int
    short: int
    """Seconds."""
    spent: str
    """Of thirty days' budget, what is gone when the long window is full."""


FAST = Pace(name="fast", rate=FASTEST, long=HOUR, short=5 * MINUTE, spent="2 %")
MEDIUM = Pace(name="medium", rate=6, long=6 * HOUR, short=30 * MINUTE, spent="5 %")
SLOW = Pace(name="slow", rate=1, long=3 * DAY, short=6 * HOUR, spent="10 %")

_LABELS = {5 * MINUTE: "5m", 30 * MINUTE: "30m", HOUR: "1h", 6 * HOUR: "6h", 3 * DAY: "3d"}
RUNAWAYS = 2
"""Runs flagged in an hour for what they spend or do, above which somebody should look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A promise, and how it is seen whether it is kept."""

    what: str
    section: str
    promise: Promise
    queries: tuple[Query, ...]
    counted: str
    """How many were measured."""
    broken: str
    """Which part of them broke it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workflow:
    """The alarms of one workflow."""

    name: str
    objectives: Objectives
    metrics: Metrics

    def alerts(self) -> tuple[Alert, Alert]:
        """What wakes somebody, and what waits for the morning."""
        urgent = [self._pair(pace, kept) for pace in (FAST, MEDIUM) for kept in (self._success(), self._latency())]
        later = [self._pair(SLOW, kept) for kept in (self._success(), self._latency(), self._cost(), *self._approval())]
        later += [(watch,) for watch in self._events()]
        return (
            self._alert("page", f"{self.name} breaks what it promises, fast enough to wake somebody.", urgent),
            self._alert("ticket", f"{self.name} breaks what it promises, slowly; look at it by day.", later),
        )

    def _alert(self, kind: Literal["page", "ticket"], means: str, pairs: Sequence[tuple[Watch, ...]]) -> Alert:
        section = f"a-workflow-breaks-a-promise-{kind}"
        return Alert(name=f"{self.name}-{kind}", means=means, section=section, pairs=tuple(pairs), urgent=kind == "page")

    def _pair(self, pace: Pace, kept: Kept) -> tuple[Watch, ...]:
        return (
            self._window(pace, kept, pace.long, self.objectives.fewest),
            self._window(pace, kept, pace.short, 1),
        )

    def _window(self, pace: Pace, kept: Kept, window: int, fewest: int) -> Watch:
        label = _LABELS[window]
        return Watch(
            name=f"{self.name}-{kept.what}-{pace.name}-{label}",
            means=f"In {label}, more than {pace.rate:g} times the part that thirty days allow broke the promise of {kept.what} of "
            f"{self.name}; at this pace {pace.spent} of the budget goes in {_LABELS[pace.long]}.",
            section=kept.section,
            queries=kept.queries,
            expression=f"IF({kept.counted} >= {fewest}, {kept.broken}, 0)",
            above=round(pace.rate * kept.promise.budget, 6),
            period=window,
        )

    def _success(self) -> Kept:
        return Kept(
            what="success",
            section="runs-fail",
            promise=self.objectives.success,
            queries=(self._sum("ended", "RunsEnded"), self._sum("succeeded", "RunsSucceeded")),
            counted="ended",
            broken="(ended - succeeded) / ended",
        )

    def _latency(self) -> Kept:
        promise = self.objectives.latency
        return self._beyond("latency", "runs-are-slow", promise, "RunWorking", f"{promise.within}")

    def _cost(self) -> Kept:
        promise = self.objectives.cost
        return self._beyond("cost", "runs-cost-too-much", promise, "RunCost", f"{promise.within / 1_000_000:g}")

    def _approval(self) -> Iterator[Kept]:
        if (promise := self.objectives.approval) is not None:
            yield self._beyond("approval", "approvals-are-late", promise, "ApprovalWait", f"{promise.within}")

    def _events(self) -> Iterator[Watch]:
        if self.objectives.approval is not None:
            yield self._event(
                "approvals-expired",
                "an approval that nobody decided expired",
                (self._sum("expired", "ApprovalsExpired"),),
                "approvals-expire",
            )
        flagged = tuple(self.metrics.query(kind, "Anomalies", "Sum", workflow=self.name, kind=kind) for kind in ("cost", "steps"))
        yield self._event(
            "runaways", "runs were flagged for spending or doing far more than usual", flagged, "runs-run-away", above=RUNAWAYS
        )
        machine = self.metrics.names.state_machine_arn(self.name)
        timed_out = (self.metrics.aws("timed", "AWS/States", "ExecutionsTimedOut", "Sum", machine),)
        yield self._event("timed-out", "an execution was ended by its own time limit", timed_out, "executions-time-out")

    def _event(self, what: str, means: str, queries: tuple[Query, ...], section: str, *, above: int = 0) -> Watch:
        expression = queries[0].id if len(queries) == 1 else together("SUM", queries)
        return Watch(
            name=f"{self.name}-{what}",
            means=f"In an hour, in {self.name}, {means}.",
            section=section,
            queries=queries,
            expression=expression,
            above=above,
            period=HOUR,
        )

    def _sum(self, id_: str, name: str) -> Query:
        return self.metrics.query(id_, name, "Sum", workflow=self.name)

    def _beyond(self, what: str, section: str, promise: Promise, metric: str, bound: str) -> Kept:
        """A bound on a metric's values: what its percentile rank leaves of them has broken it."""
        return Kept(
            what=what,
            section=section,
            promise=promise,
            queries=(
                self.metrics.query("counted", metric, "SampleCount", workflow=self.name),
                self.metrics.query("kept", metric, f"PR(:{bound})", workflow=self.name),
            ),
            counted="counted",
            broken="1 - kept / 100",
        )
