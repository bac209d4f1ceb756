"""Alarms and dashboards look at metrics that somebody tells, by the dimensions that they are told by: AWS takes other names for silence."""

import json
import re
from collections.abc import Iterator, Mapping
from copy import replace
from typing import Any

import pytest

from septet.observability.measures import METRICS
from stacks.constructs.alarms import alerts
from stacks.constructs.measured import AWS, Metrics
from stacks.constructs.troubles import SEEN, STEPS, STOPS
from tests.stacks.templates import Templates

SEARCH = re.compile(r"SEARCH\('\{([^}]+)\} MetricName=\"(\w+)\"((?: \w+=\"\w+\")*)', '\w+', \d+\)")


def wrong(namespace: str, name: str, dimensions: Mapping[str, str], templates: Templates) -> str:
    """What is wrong with a metric; empty when it is told so."""
    if namespace == templates.settings.names.metrics():
        told = METRICS.get(name)
        expected = set(told.dimensions) if told else None
    else:
        listed = AWS.get(namespace, {}).get(name)
        expected = None if listed is None else set(listed)
    if expected is None:
        return f"nobody tells {namespace} {name}"
    if expected != set(dimensions):
        return f"{name} is told by {sorted(expected)}, not by {sorted(dimensions)}"
    return next((f"{key} {value} is not there" for key, value in dimensions.items() if not there(key, value, templates)), "")


def there(dimension: str, value: str, templates: Templates) -> bool:
    """Whether what a dimension names is declared, or deployed."""
    of = {"FunctionName": "AWS::Lambda::Function", "TableName": "AWS::DynamoDB::Table", "QueueName": "AWS::SQS::Queue"}
    if dimension in of:
        return value in {one.properties[dimension] for one in templates.all(of[dimension]) if one.type == of[dimension]}
    known = {
        "ApiName": {one.properties["Name"] for one in templates.all("AWS::ApiGateway::RestApi")},
        "StateMachineArn": {templates.settings.names.state_machine_arn(name) for name in templates.catalog.workflows},
        "workflow": set(templates.catalog.workflows),
        "model": set(templates.catalog.models),
        "kind": {"cost", "steps"},
    }
    return value in known[dimension]


def asked(alarm: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    for query in alarm["Metrics"]:
        if "MetricStat" in query:
            metric = query["MetricStat"]["Metric"]
            yield metric["Namespace"], metric["MetricName"], {one["Name"]: one["Value"] for one in metric.get("Dimensions", ())}


def drawn(body: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str], dict[str, str]]]:
    """Namespace, name, the dimensions that are spread out, and those that are given."""
    for widget in body["widgets"]:
        for first, *rest in widget["properties"].get("metrics", ()):
            if isinstance(first, dict):
                found = SEARCH.fullmatch(first["expression"])
                assert found, first["expression"]
                namespace, *spread = found[1].split(",")
                given = dict(re.findall(r"(\w+)=\"(\w+)\"", found[3]))
                yield namespace, found[2], spread, given
            else:
                name, *flat, _ = rest
                given = dict(zip(flat[::2], flat[1::2], strict=True))
                yield first, name, list(given), given


def test_every_alarm_looks_at_what_is_told(deployed: Templates) -> None:
    found = [wrong(*one, deployed) for alarm in deployed.all("AWS::CloudWatch::Alarm") for one in asked(alarm.properties)]
    assert len(found) > 100
    assert [one for one in found if one] == []


def test_every_graph_draws_what_is_told(deployed: Templates) -> None:
    for board in deployed.all("AWS::CloudWatch::Dashboard"):
        lines = list(drawn(json.loads(board.properties["DashboardBody"])))
        assert len(lines) > 10
        for namespace, name, spread, given in lines:
            told = METRICS[name].dimensions if namespace == deployed.settings.names.metrics() else AWS[namespace][name]
            assert set(told) == set(spread), f"{name} is not told by {spread}"
            assert all(there(key, value, deployed) for key, value in given.items()), f"{name} {given}"


def test_the_dashboards_are_those_that_people_look_for(deployed: Templates) -> None:
    names = deployed.settings.names
    found = {board.properties["DashboardName"] for board in deployed.all("AWS::CloudWatch::Dashboard")}
    assert found == {names.dashboard(name) for name in ("operations", "cost", *(f"workflow-{one}" for one in deployed.catalog.workflows))}


def test_every_metric_of_ours_is_shown_somewhere(deployed: Templates) -> None:
    bodies = " ".join(board.properties["DashboardBody"] for board in deployed.all("AWS::CloudWatch::Dashboard"))
    assert [name for name in METRICS if not re.search(rf"\b{name}\b", bodies)] == []


@pytest.mark.parametrize(
    ("namespace", "name", "dimensions"),
    [
        ("Septet/twin", "RunsEnd", {"workflow": "support"}),
        ("Septet/twin", "RunsEnded", {}),
        ("Septet/twin", "RunsEnded", {"workflow": "suport"}),
        ("Septet/twin", "RunsEnded", {"workflow": "support", "tenant": "demo"}),
        ("Septet/prod", "RunsEnded", {"workflow": "support"}),
        ("AWS/Lambda", "Error", {"FunctionName": "septet-twin-step-project"}),
        ("AWS/Lambda", "Errors", {"FunctionName": "septet-twin-step-projekt"}),
        ("AWS/Lambda", "Errors", {}),
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": "septet-twin-events-ded"}),
    ],
)
def test_a_metric_that_nobody_tells_is_found(deployed: Templates, namespace: str, name: str, dimensions: dict[str, str]) -> None:
    assert wrong(namespace, name, dimensions, deployed)


def test_the_removal_of_any_metric_that_an_alarm_needs_fails_the_synth(deployed: Templates) -> None:
    catalog, names = deployed.catalog, deployed.settings.names
    needed = {
        name for alarm in deployed.all("AWS::CloudWatch::Alarm") for space, name, _ in asked(alarm.properties) if space == names.metrics()
    }
    assert len(needed) > 8
    for name in needed:
        less = replace(catalog, metrics={key: one for key, one in catalog.metrics.items() if key != name})
        with pytest.raises(ValueError, match=f"{name} is a metric that nobody tells"):
            alerts(less, names)


def test_a_metric_of_aws_that_is_not_listed_is_refused(deployed: Templates) -> None:
    metrics = Metrics(ours={}, names=deployed.settings.names)
    with pytest.raises(ValueError, match=r"AWS/Lambda Erors is not looked at by 1 dimensions"):
        metrics.aws("m", "AWS/Lambda", "Erors", "Sum", "f")


def test_what_is_told_is_encrypted_and_told_by_alarms_alone(deployed: Templates) -> None:
    topics = [one for one in deployed.all("AWS::SNS::Topic") if one.type == "AWS::SNS::Topic"]
    assert {topic.properties["TopicName"] for topic in topics} == {deployed.settings.names.topic(name) for name in ("pages", "tickets")}
    assert all(topic.properties["KmsMasterKeyId"] for topic in topics)
    for policy in deployed.all("AWS::SNS::TopicPolicy"):
        allowed, denied = [], []
        for one in policy.properties["PolicyDocument"]["Statement"]:
            (denied if one["Effect"] == "Deny" else allowed).append(one)
        assert [one["Principal"] for one in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
        assert [one["Condition"] for one in denied] == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_every_step_is_watched_or_its_failures_show_elsewhere(deployed: Templates) -> None:
    """A step that fails and that no alarm looks at fails for as long as nobody asks."""
    called = {hole for workflow in deployed.catalog.workflows.values() for hole in workflow.functions}
    runs_fail = {name for name, step in deployed.catalog.steps.items() if step.function.hole in called}
    assert runs_fail | {STOPS, *STEPS} | SEEN.keys() == deployed.catalog.steps.keys()
    assert not {STOPS, *STEPS} & SEEN.keys()
    assert not runs_fail & ({STOPS, *STEPS} | SEEN.keys()), "a failed call fails the run, and objectives count runs"


def test_each_watched_step_has_an_alarm_and_each_reason_names_one(deployed: Templates) -> None:
    alarms = {one.properties["AlarmName"]: one.properties for one in deployed.all("AWS::CloudWatch::Alarm")}
    prefix = deployed.settings.names.prefix
    for step in (STOPS, *STEPS):
        looked = list(asked(alarms[f"{prefix}-step-{step}-fails"]))
        assert looked == [("AWS/Lambda", "Errors", {"FunctionName": deployed.settings.names.function("step", step)})]
    told = {name for why in SEEN.values() for name in re.findall(r"[a-z]+(?:-[a-z]+)+", why)}
    assert {f"{prefix}-{name}" for name in told} <= alarms.keys()
    assert all(re.search(r": (the objectives of workflows|[a-z]+-[a-z-]+(, [a-z-]+)*)$", why) for why in SEEN.values())
