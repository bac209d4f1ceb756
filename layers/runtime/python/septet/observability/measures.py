"""The metrics there are: the one list that whoever measures, alarms, draws or documents works with."""

import logging
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Literal, Protocol

from septet.core.frozen import frozen

_log = logging.getLogger(__name__)
Unit = Literal["Count", "Milliseconds", "Percent", "None"]
"""As CloudWatch has them; ``None`` for dollars, which it has no unit for."""


@frozen
class Metric:
    """Something that is counted or measured."""

    name: str
    unit: Unit
    dimensions: tuple[str, ...]
    """What it is told apart by: words of declarations and error classes, never of people, tenants or runs."""
    means: str


@frozen
class Measure:
    """One value of a metric. Values of the same metric, dimensions and moment are told in one line."""

    metric: str
    value: float
    dimensions: Mapping[str, str]
    at: int
    """When it happened, in milliseconds since the epoch."""


class Meter(Protocol):
    """Takes measures to where they are summed up."""

    def tell(self, measures: Sequence[Measure]) -> None:
        """Tell *measures*; those that are told twice count twice.

        One that is not in the list, or has not its metric's dimensions, is left out and counted as ``ProjectionPoison``: the others go on.
        """
        ...


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="RunsStarted", unit="Count", dimensions=("workflow",), means="Runs whose first entry of their own was written"),
        Metric(name="RunsEnded", unit="Count", dimensions=("workflow",), means="Attempts of runs that ended, however"),
        Metric(name="RunsSucceeded", unit="Count", dimensions=("workflow",), means="Those that ended with an answer; 0 for another end"),
        Metric(name="RunFailures", unit="Count", dimensions=("workflow", "error"), means="Those that did not succeed, by class"),
        Metric(name="RunDuration", unit="Milliseconds", dimensions=("workflow",), means="From the first entry to the end, with waits"),
        Metric(name="RunWorking", unit="Milliseconds", dimensions=("workflow",), means="The same without waits for people"),
        Metric(name="RunCost", unit="None", dimensions=("workflow",), means="Dollars that its models and tools cost in the attempt"),
        Metric(name="RunSteps", unit="Count", dimensions=("workflow",), means="Model calls of the attempt"),
        Metric(name="BudgetUsed", unit="Percent", dimensions=("workflow",), means="Of the run's budget, what the attempt used"),
        Metric(name="ModelCalls", unit="Count", dimensions=("model",), means="Calls of a model, answered or not"),
        Metric(name="ModelErrors", unit="Count", dimensions=("model", "error"), means="Calls of a model that brought no reply, by class"),
        Metric(name="ModelLatency", unit="Milliseconds", dimensions=("model",), means="From asking a model to its reply"),
        Metric(name="ModelCost", unit="None", dimensions=("model",), means="Dollars charged for a model's calls"),
        Metric(name="TokensIn", unit="Count", dimensions=("model",), means="Tokens that models read, by their reports"),
        Metric(name="TokensOut", unit="Count", dimensions=("model",), means="Tokens that models wrote"),
        Metric(name="TokensCached", unit="Count", dimensions=("model",), means="Tokens that providers read from their caches"),
        Metric(name="CacheHits", unit="Count", dimensions=("model",), means="Replies that came from the platform's own cache"),
        Metric(name="ToolCalls", unit="Count", dimensions=("tool",), means="Calls that the gateway made"),
        Metric(name="ToolErrors", unit="Count", dimensions=("tool", "error"), means="Calls that ended in an error, by class"),
        Metric(name="ToolLatency", unit="Milliseconds", dimensions=("tool",), means="From an intent to its result"),
        Metric(
            name="PolicyDecisions",
            unit="Count",
            dimensions=("decision",),
            means="``allowed``, ``asked`` or ``denied``",
        ),
        Metric(name="ApprovalWait", unit="Milliseconds", dimensions=("workflow",), means="From asking a person to the decision"),
        Metric(name="ApprovalsExpired", unit="Count", dimensions=("workflow",), means="Approvals that nobody gave or refused in time"),
        Metric(name="Fallbacks", unit="Count", dimensions=("purpose",), means="Another did what one could not"),
        Metric(name="HandOvers", unit="Count", dimensions=("to",), means="An agent passed the work to another"),
        Metric(name="Anomalies", unit="Count", dimensions=("workflow", "kind"), means="Runs flagged while they ran: ``cost`` or ``steps``"),
        Metric(name="ProjectionLag", unit="Milliseconds", dimensions=(), means="From an entry's time to its projection"),
        Metric(name="ProjectionPoison", unit="Count", dimensions=(), means="Records that could not be projected and were put aside"),
        Metric(name="ApprovalsWaiting", unit="Count", dimensions=(), means="Approvals that are open now"),
        Metric(name="ApprovalAge", unit="Milliseconds", dimensions=(), means="How long the oldest open approval has waited"),
        Metric(name="RunsOpen", unit="Count", dimensions=(), means="Runs that are open now"),
        Metric(name="QueueAge", unit="Milliseconds", dimensions=("queue",), means="How long the oldest has waited there"),
        Metric(name="BreakersOpen", unit="Count", dimensions=("model",), means="1 while a model is taken out because it is sick"),
    )
}
"""By name."""


def tellable(measures: Sequence[Measure]) -> list[Measure]:
    """Those of *measures* that can be told, and of each other one that there was one."""
    return [one if _fits(one) else _left_out(one) for one in measures]


def _fits(one: Measure) -> bool:
    metric = METRICS.get(one.metric)
    if metric is None or tuple(one.dimensions) != metric.dimensions:
        return False
    return all(isinstance(value, str) for value in one.dimensions.values()) and isfinite(one.value)


def _left_out(one: Measure) -> Measure:
    _log.error("a measure of %s has other dimensions than the metric, or is no number, and is left out", one.metric)
    return Measure(metric="ProjectionPoison", value=1, dimensions={}, at=one.at)
