"""Every synthesised alarm against recorded metrics: each is raised exactly where it must be. The emulator evaluates none of this."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stacks.alarms.evaluation import Alarms, holds, line, state
from tests.stacks.alarms.expressions import evaluate
from tests.stacks.alarms.recorded import Recorded
from tests.stacks.alarms.scenarios import HOUR, NOW, Story, api, between, one_in, queue, since, throttled
from tests.stacks.templates import Templates


@dataclass(frozen=True, kw_only=True)
class Row:
    told: Callable[[Story], Story]
    raised: str
    """The alarms on metrics that are raised, but for the two halves of silence, which every quiet or busy hour raises one of."""
    tells: str = ""
    """The alarms that tell somebody."""


FAST = "support-success-fast-1h support-success-fast-5m"
MEDIUM = "support-success-medium-6h support-success-medium-30m"
SLOW = "support-success-slow-3d support-success-slow-6h"
LATENCY = "support-latency-fast-1h support-latency-fast-5m support-latency-medium-6h support-latency-medium-30m"

TABLE = {
    "nothing is told at all": Row(told=lambda story: story, raised=""),
    "healthy": Row(told=lambda story: story.runs(), raised=""),
    "one in a hundred fails, which is allowed": Row(told=lambda story: story.runs(broken=one_in(100)), raised=""),
    "fast burn: everything has failed for forty minutes": Row(
        told=lambda story: story.runs(broken=since(NOW - 40)),
        raised=f"{FAST} support-success-medium-30m support-success-slow-6h",
        tells="support-page",
    ),
    "fast burn: everything has failed for two hours": Row(
        told=lambda story: story.runs(broken=since(NOW - 2 * HOUR)),
        raised=f"{FAST} {MEDIUM} {SLOW.split()[1]}",
        tells="support-page",
    ),
    "medium burn: a third has failed for six hours": Row(
        told=lambda story: story.runs(broken=one_in(3, NOW - 6 * HOUR)),
        raised=f"{MEDIUM} support-success-slow-6h support-success-fast-5m",
        tells="support-page",
    ),
    "slow burn: one in twenty fails, for days": Row(
        told=lambda story: story.runs(broken=one_in(18)),
        raised=f"{SLOW} support-success-fast-5m",
        tells="support-ticket",
    ),
    "recovery: all has been well for ten minutes after two bad hours": Row(
        told=lambda story: story.runs(broken=between(NOW - 130, NOW - 10)),
        raised="support-success-fast-1h support-success-medium-6h support-success-medium-30m support-success-slow-6h",
        tells="support-page",
    ),
    "recovery: all has been well for forty minutes": Row(
        told=lambda story: story.runs(broken=between(NOW - 160, NOW - 40)),
        raised="support-success-medium-6h support-success-slow-6h",
    ),
    "recovery, and nobody came since": Row(
        told=lambda story: story.runs(broken=between(NOW - 330, NOW - 210), until=NOW - 200),
        raised="support-success-medium-6h support-success-slow-6h",
    ),
    "low traffic: of one run in two hours, the last failed": Row(
        told=lambda story: story.runs(broken=since(NOW - 3), every=120),
        raised="support-success-fast-5m support-success-medium-30m support-success-slow-6h",
    ),
    "low traffic: of one run in two hours, all of the last day failed": Row(
        told=lambda story: story.runs(broken=since(NOW - 24 * HOUR), every=120),
        raised=f"support-success-fast-5m support-success-medium-30m {SLOW}",
        tells="support-ticket",
    ),
    "another workflow fails": Row(
        told=lambda story: story.runs().runs(workflow="research", broken=since(NOW - 50)),
        raised="research-success-fast-1h research-success-fast-5m research-success-medium-30m research-success-slow-6h",
        tells="research-page",
    ),
    "all runs have been slow for six hours": Row(
        told=lambda story: story.runs(slow=since(NOW - 6 * HOUR)),
        raised=f"{LATENCY} support-latency-slow-6h support-latency-slow-3d",
        tells="support-page support-ticket",
    ),
    "runs have cost too much for half a day": Row(
        told=lambda story: story.runs(dear=since(NOW - 12 * HOUR)),
        raised="support-cost-slow-3d support-cost-slow-6h",
        tells="support-ticket",
    ),
    "people decide late": Row(
        told=lambda story: story.runs().each(
            range(60, NOW, 60), lambda told, at: told.ours("ApprovalWait", at, 20_000_000, workflow="support")
        ),
        raised="support-approval-slow-3d support-approval-slow-6h",
        tells="support-ticket",
    ),
    "an approval waits and nobody looks": Row(
        told=lambda story: story.runs().each(range(NOW - 60, NOW), lambda told, at: told.ours("ApprovalAge", at, 60_000_000)),
        raised="approvals-wait",
        tells="platform-ticket",
    ),
    "runs end and nothing is measured": Row(told=lambda story: story.seen(projected=False), raised="", tells="platform-page"),
    "the projector stands still": Row(
        told=lambda story: story.runs().each(range(NOW - 60, NOW), lambda told, at: told.step("project", "IteratorAge", at, 900_000)),
        raised="projection-stuck",
        tells="platform-page",
    ),
    "the projector is late": Row(told=lambda story: story.seen(lag=90_000), raised="projection-behind", tells="platform-ticket"),
    "a record is put aside, and nobody touches the queue again": Row(
        told=lambda story: story.runs().each(range(NOW - 600, NOW - 590), lambda told, at: queue(told, "projection-dead", at, 1)),
        raised="projection-dead-letters",
        tells="platform-ticket",
    ),
    "nobody goes on with a replay": Row(
        told=lambda story: story.runs().each(range(NOW - 600, NOW - 590), lambda told, at: queue(told, "replays-dead", at, 1)),
        raised="replays-dead-letters",
        tells="platform-ticket",
    ),
    "the queue of dead letters was emptied": Row(
        told=lambda story: (
            story.runs()
            .each(range(NOW - 600, NOW - 590), lambda told, at: queue(told, "events-dead", at, 1))
            .each(range(NOW - 590, NOW - 580), lambda told, at: queue(told, "events-dead", at, 0))
        ),
        raised="",
    ),
    "stops do not go on": Row(
        told=lambda story: story.runs().each(range(NOW - 20, NOW), lambda told, at: told.step("reconcile_stops", "Errors", at, 1)),
        raised="step-reconcile_stops-fails",
        tells="platform-page",
    ),
    "a step failed once": Row(
        told=lambda story: story.runs().each(range(NOW - 5, NOW - 4), lambda told, at: told.step("close_run", "Errors", at, 1)), raised=""
    ),
    "the API fails": Row(
        told=lambda story: story.runs().each(range(NOW - 30, NOW), lambda told, at: api(told, at, 20, 2)),
        raised="api-fails",
        tells="platform-page",
    ),
    "the API failed for the only two who came": Row(
        told=lambda story: story.runs().each(range(NOW - 30, NOW, 15), lambda told, at: api(told, at, 1, 1)), raised=""
    ),
    "a table is throttled": Row(
        told=lambda story: story.runs().each(range(NOW - 30, NOW), lambda told, at: throttled(told, at, 3)),
        raised="tables-throttled",
        tells="platform-ticket",
    ),
    "a table was throttled for a moment": Row(
        told=lambda story: story.runs().each(range(NOW - 12, NOW - 10), lambda told, at: throttled(told, at, 3)), raised=""
    ),
    "a table was throttled for half an hour, five hours ago": Row(
        told=lambda story: story.runs().each(range(NOW - 330, NOW - 300), lambda told, at: throttled(told, at, 3)), raised=""
    ),
    "three runs were flagged within the hour": Row(
        told=lambda story: story.runs().each(
            range(NOW - 30, NOW, 10), lambda told, at: told.ours("Anomalies", at, 1, workflow="support", kind="steps")
        ),
        raised="support-runaways",
        tells="support-ticket",
    ),
}
SILENCE = {"runs-end", "nothing-measured"}


@pytest.fixture(scope="module")
def templates(deployed: Any) -> Templates:
    found: Templates = deployed
    return found


def alarms(templates: Templates, beyond: int) -> Alarms:
    of = {kind: [one.properties for one in templates.all(f"AWS::CloudWatch::{kind}")] for kind in ("Alarm", "CompositeAlarm")}
    metric, composite = ({one["AlarmName"]: one for one in of[kind]} for kind in ("Alarm", "CompositeAlarm"))
    return Alarms(metric=metric, composite=composite, beyond=beyond)


@pytest.mark.parametrize("beyond", [0, 2])
@pytest.mark.parametrize("row", TABLE)
def test_alarms_are_raised_exactly_where_they_must(templates: Templates, row: str, beyond: int) -> None:
    names, known = templates.settings.names, alarms(templates, beyond)
    recorded = TABLE[row].told(Story(names=names)).recorded.sorted()
    for minute in range(NOW - 600, NOW, 5):
        known.remember(recorded, minute)
    raised = {name.removeprefix(names.alarm("")) for name in known.at(recorded, NOW)}
    told = {name.removeprefix(names.alarm("")) for name in known.composite}
    assert raised - told - SILENCE == set(TABLE[row].raised.split())
    assert raised & told == set(TABLE[row].tells.split())


EXTREMES = {
    "RunsEnded": (40, 40),
    "RunsSucceeded": (40, 0),
    "RunsStarted": (40, 40),
    "SampleCount": (40, 40),
    "PR": (100, 0),
    "ProjectionLag": (40, 0),
    "Count": (400, 400),
    "Invocations": (0, 9),
}
"""What is well, and what is not, where it is not simply nothing and a lot."""


def test_every_alarm_can_be_raised_and_rests_when_all_is_well(templates: Templates) -> None:
    """No threshold is out of reach, and none is below what is well."""
    for name, alarm in alarms(templates, 0).metric.items():
        for bad in (False, True):
            recorded = Recorded()
            known = {query["Id"]: [extreme(query["MetricStat"], bad=bad)] for query in alarm["Metrics"] if "MetricStat" in query}
            shown = next(query for query in alarm["Metrics"] if query["ReturnData"])
            value = evaluate_at(shown, known)
            assert (value > alarm["Threshold"]) is bad, f"{name} {'cannot be raised' if bad else 'is raised though all is well'}"
            assert line(alarm["Metrics"], recorded, NOW, 1) == [None], "without data, nothing is compared"


def extreme(asked: dict[str, Any], *, bad: bool) -> float:
    keys = (asked["Metric"]["MetricName"], asked["Stat"].partition("(")[0])
    if asked["Metric"]["MetricName"] == "ProjectionLag" and asked["Stat"] == "p99":
        return 10_000_000 if bad else 500
    return float(next((EXTREMES[key][bad] for key in keys if key in EXTREMES), (0, 100_000_000)[bad]))


def evaluate_at(shown: dict[str, Any], known: dict[str, list[Any]]) -> float:
    (value,) = evaluate(shown.get("Expression", shown["Id"]), known)
    assert value is not None
    return value


def test_without_data_only_silence_is_news(templates: Templates) -> None:
    """A metric that nobody tells leaves an alarm at rest, on AWS as here; so the one alarm on silence must not."""
    known = alarms(templates, 2)
    raised = {name for name, alarm in known.metric.items() if state(alarm, Recorded(), NOW, beyond=2, before="OK") == "ALARM"}
    assert raised == {templates.settings.names.alarm("nothing-measured")}
    assert not [name for name, alarm in known.composite.items() if holds(alarm["AlarmRule"], raised)]


def test_windows_are_those_that_cloudwatch_takes(templates: Templates) -> None:
    """PutMetricAlarm: at most seven days in all, and one where periods are below an hour; at most ten metrics."""
    for name, alarm in alarms(templates, 0).metric.items():
        periods = {query["MetricStat"]["Period"] for query in alarm["Metrics"] if "MetricStat" in query}
        assert len(periods) == 1, f"{name} mixes periods"
        (period,) = periods
        assert period % 60 == 0
        assert period * alarm["EvaluationPeriods"] <= (7 if period >= 3600 else 1) * 86_400, name
        assert len(alarm["Metrics"]) <= 10, name


def test_only_alarms_made_of_others_tell_anybody(templates: Templates) -> None:
    known = alarms(templates, 0)
    assert not [name for name, alarm in known.metric.items() if alarm.get("AlarmActions")]
    assert all(alarm["AlarmActions"] and len(alarm["AlarmRule"]) < 10_240 for alarm in known.composite.values())
    ruled = " ".join(alarm["AlarmRule"] for alarm in known.composite.values())
    assert not [name for name in known.metric if f'ALARM("{name}")' not in ruled], "nobody would hear of these"
    named = set(re.findall(r'ALARM\("([^"]+)"\)', ruled))
    assert named <= set(known.metric), "CloudWatch takes a name that it does not know for an alarm at rest"
