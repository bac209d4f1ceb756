"""Synthesised alarms, evaluated over recorded metrics as CloudWatch documents that it does.

"How alarm state is evaluated when data is missing": CloudWatch looks at some more periods than an alarm has, takes the most recent ones
with data, and counts as many missing ones as the alarm still lacks. How many more it does not say, so whoever uses this tries several.
"""

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.stacks.alarms.expressions import Line, evaluate
from tests.stacks.alarms.recorded import Key, Recorded

type State = Literal["OK", "ALARM"]

_CALL = re.compile(r'ALARM\("([^"]+)"\)')


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Alarms by name: properties as the template has them."""

    metric: Mapping[str, Mapping[str, Any]]
    composite: Mapping[str, Mapping[str, Any]]
    beyond: int
    """How many periods more are looked at."""
    states: dict[str, State] = field(default_factory=dict)
    """What each has been last."""

    def at(self, recorded: Recorded, minute: int) -> frozenset[str]:
        """The names of those that are raised at *minute*, when they were what they were before."""
        self._look(self.metric, recorded, minute)
        raised = {name for name, what in self.states.items() if what == "ALARM"}
        return frozenset(raised | {name for name, properties in self.composite.items() if holds(properties["AlarmRule"], raised)})

    def remember(self, recorded: Recorded, minute: int) -> None:
        """Let time pass to *minute* for those whose state depends on what it was."""
        depending = {name: properties for name, properties in self.metric.items() if _missing(properties) == "ignore"}
        self._look(depending, recorded, minute)

    def _look(self, alarms: Mapping[str, Mapping[str, Any]], recorded: Recorded, minute: int) -> None:
        for name, properties in alarms.items():
            self.states[name] = state(properties, recorded, minute, beyond=self.beyond, before=self.states.get(name, "OK"))


def state(properties: Mapping[str, Any], recorded: Recorded, minute: int, *, beyond: int, before: State) -> State:
    """The state of an alarm on metrics at *minute*."""
    needed, enough = properties["EvaluationPeriods"], properties["DatapointsToAlarm"]
    assert properties["ComparisonOperator"] == "GreaterThanThreshold"
    compared = line(properties["Metrics"], recorded, minute, needed + beyond)
    found = [value > properties["Threshold"] for value in compared if value is not None][-needed:]
    lacking = needed - len(found)
    match _missing(properties):
        case "breaching":
            return "ALARM" if sum(found) + lacking >= enough else "OK"
        case "notBreaching":
            return "ALARM" if sum(found) >= enough else "OK"
        case "ignore":
            return "ALARM" if sum(found) >= enough else before if not found or (lacking and any(found)) else "OK"
    raise ValueError(f"TreatMissingData {properties['TreatMissingData']} is not chosen on purpose")


def _missing(properties: Mapping[str, Any]) -> str:
    """What missing data counts as: alarms on DynamoDB's metrics ignore it, whatever they are told (PutMetricAlarm, TreatMissingData)."""
    spaces = {query["MetricStat"]["Metric"]["Namespace"] for query in properties["Metrics"] if "MetricStat" in query}
    return "ignore" if "AWS/DynamoDB" in spaces else str(properties["TreatMissingData"])


def line(metrics: Iterable[Mapping[str, Any]], recorded: Recorded, minute: int, periods: int) -> Line:
    """What an alarm compares, period by period up to *minute*."""
    known: dict[str, Line] = {}
    shown = None
    for query in metrics:
        if "MetricStat" in query:
            asked = query["MetricStat"]
            length = asked["Period"] // 60
            ends = [minute - length * back for back in reversed(range(periods))]
            known[query["Id"]] = [recorded.statistic(key(asked["Metric"]), asked["Stat"], end - length, end) for end in ends]
        else:
            known[query["Id"]] = evaluate(query["Expression"], known)
        if query["ReturnData"]:
            assert shown is None, "an alarm compares one series"
            shown = query["Id"]
    assert shown is not None
    return known[shown]


def key(metric: Mapping[str, Any]) -> Key:
    """How recorded metrics know it."""
    dimensions = {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}
    return metric["Namespace"], metric["MetricName"], frozenset(dimensions.items())


def holds(rule: str, raised: set[str]) -> bool:
    """Whether a composite alarm's rule does, while these are raised."""
    text = _CALL.sub(lambda found: str(found[1] in raised), rule)
    return _true(ast.parse(re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", text)), mode="eval").body)


def _true(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=bool() as value):
            return value
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_true(part) for part in parts)
        case ast.BoolOp(op=ast.Or(), values=parts):
            return any(_true(part) for part in parts)
    raise ValueError(f"{ast.unparse(node)} is no rule that is known here")
