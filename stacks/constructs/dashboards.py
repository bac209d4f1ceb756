"""What people look at: one dashboard for who operates the platform, one for each workflow, one for money."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from stacks.catalog import Catalog
from stacks.catalog.declarations import Json
from stacks.catalog.measures import metric
from stacks.constructs.alarms import RUNBOOK
from stacks.constructs.burning import MINUTE
from stacks.constructs.measured import Metrics, Query
from stacks.constructs.names import PLATFORM_TABLES
from stacks.constructs.troubles import PROJECTOR, QUEUES, STEPS, STOPS
from stacks.settings import Settings

_WIDTH, _HEIGHT, _ACROSS = 8, 6, 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """Makes graphs, each of metrics that are told and of nothing else."""

    metrics: Metrics
    region: str

    def graph(self, title: str, *lines: Query | str, stacked: bool = False) -> Json:
        """A graph of statistics, and of searches over all that differ in a dimension."""
        drawn = [[{"expression": line, "id": f"e{number}"}] if isinstance(line, str) else _line(line) for number, line in enumerate(lines)]
        properties = {
            "title": title,
            "metrics": drawn,
            "region": self.region,
            "period": 5 * MINUTE,
            "view": "timeSeries",
            "stacked": stacked,
        }
        return {"type": "metric", "width": _WIDTH, "height": _HEIGHT, "properties": properties}

    def alarms(self, title: str, names: Iterable[str]) -> Json:
        """The states of alarms."""
        arns = [self.metrics.names.arn("cloudwatch", f"alarm:{self.metrics.names.alarm(name)}") for name in names]
        return {"type": "alarm", "width": _ACROSS, "height": 3, "properties": {"title": title, "alarms": arns}}

    def all(self, name: str, statistic: str, **known: str) -> str:
        """Every series of a metric of ours, or those whose dimensions are *known*: a search, which no alarm may use and a graph may."""
        found = metric(self.metrics.ours, name)
        if unknown := known.keys() - set(found.dimensions):
            raise ValueError(f"{name} is not told apart by {', '.join(sorted(unknown))}")
        schema = ",".join((self.metrics.names.metrics(), *found.dimensions))
        terms = [f'MetricName="{name}"', *(f'{key}="{value}"' for key, value in known.items())]
        return f"SEARCH('{{{schema}}} {' '.join(terms)}', '{statistic}', {5 * MINUTE})"

    def ours(self, name: str, statistic: str, **dimensions: str) -> Query:
        """One series of ours."""
        return self.metrics.query("m", name, statistic, **dimensions)

    def aws(self, namespace: str, name: str, statistic: str, *values: str) -> Query:
        """One series of AWS's."""
        return self.metrics.aws("m", namespace, name, statistic, *values)


class Dashboards(Construct):
    """The dashboards. They hold names and figures; no content is in any metric."""

    def __init__(self, scope: Construct, *, catalog: Catalog, settings: Settings) -> None:
        super().__init__(scope, "Dashboards")
        names = settings.names
        drawing = Drawing(metrics=Metrics(ours=catalog.metrics, names=names), region=settings.region)
        bodies = {"operations": operations(drawing, catalog), "cost": cost(drawing)}
        bodies |= {f"workflow-{name}": workflow(drawing, name) for name in catalog.workflows}
        for name, widgets in bodies.items():
            cloudwatch.CfnDashboard(
                self,
                "".join(part.capitalize() for part in name.replace("_", "-").split("-")),
                dashboard_name=names.dashboard(name),
                dashboard_body=json.dumps({"widgets": widgets}),
            )


def operations(drawing: Drawing, catalog: Catalog) -> Sequence[Json]:
    """Whether the platform is well, and can be seen."""
    names = drawing.metrics.names
    alarms = [f"{name}-{kind}" for name in ("platform", *catalog.workflows) for kind in ("page", "ticket")]
    steps = [drawing.aws("AWS/Lambda", "Errors", "Sum", names.function("step", name)) for name in (STOPS, *STEPS)]
    queues = [drawing.aws("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", names.queue(queue)) for queue in QUEUES]
    throttles = [
        drawing.aws("AWS/DynamoDB", name, "Sum", names.table(table))
        for table in PLATFORM_TABLES
        for name in ("ReadThrottleEvents", "WriteThrottleEvents")
    ]
    return [
        _text(f"What to do about each alarm is in {RUNBOOK}."),
        drawing.alarms("Alarms that tell somebody", alarms),
        drawing.graph("Runs open", drawing.ours("RunsOpen", "Maximum")),
        drawing.graph("Runs that ended", drawing.all("RunsEnded", "Sum")),
        drawing.graph("Failures", drawing.all("RunFailures", "Sum"), stacked=True),
        drawing.graph("Approvals waiting", drawing.ours("ApprovalsWaiting", "Maximum")),
        drawing.graph("Oldest open approval", drawing.ours("ApprovalAge", "Maximum")),
        drawing.graph("Queues' age", drawing.all("QueueAge", "Maximum")),
        drawing.graph("Model errors", drawing.all("ModelErrors", "Sum"), stacked=True),
        drawing.graph("Model latency, p95", drawing.all("ModelLatency", "p95")),
        drawing.graph("Models taken out", drawing.all("BreakersOpen", "Maximum")),
        drawing.graph("Tool errors", drawing.all("ToolErrors", "Sum"), stacked=True),
        drawing.graph("Tool latency, p95", drawing.all("ToolLatency", "p95")),
        drawing.graph("Decisions of policies", drawing.all("PolicyDecisions", "Sum"), stacked=True),
        drawing.graph("Projection lag, p99", drawing.ours("ProjectionLag", "p99")),
        drawing.graph(
            "Projector: age of the oldest change", drawing.aws("AWS/Lambda", "IteratorAge", "Maximum", names.function("step", PROJECTOR))
        ),
        drawing.graph("Put aside", drawing.ours("ProjectionPoison", "Sum"), *queues),
        drawing.graph("The API", *(drawing.aws("AWS/ApiGateway", name, "Sum", names.prefix) for name in ("Count", "4XXError", "5XXError"))),
        drawing.graph("The API's latency, p95", drawing.aws("AWS/ApiGateway", "Latency", "p95", names.prefix)),
        drawing.graph("Steps that fail", *steps),
        drawing.graph("Functions throttled", drawing.aws("AWS/Lambda", "Throttles", "Sum")),
        drawing.graph("Tables throttled", *throttles),
        drawing.graph("The gateway's time, p95", drawing.aws("AWS/Lambda", "Duration", "p95", names.function("step", "gateway"))),
    ]


def workflow(drawing: Drawing, name: str) -> Sequence[Json]:
    """Whether one workflow keeps its promises, and if not, why."""
    machine = drawing.metrics.names.state_machine_arn(name)
    runs = [drawing.ours(metric, "Sum", workflow=name) for metric in ("RunsStarted", "RunsEnded", "RunsSucceeded")]
    working = [drawing.ours("RunWorking", statistic, workflow=name) for statistic in ("p50", "p95")]
    return [
        drawing.alarms(f"What {name} promises: {RUNBOOK}", (f"{name}-page", f"{name}-ticket")),
        drawing.graph("Runs", *runs),
        drawing.graph("Failures by class", drawing.all("RunFailures", "Sum", workflow=name), stacked=True),
        drawing.graph("Work without waits", *working),
        drawing.graph("From start to end, p95", drawing.ours("RunDuration", "p95", workflow=name)),
        drawing.graph("Dollars a run, p95", drawing.ours("RunCost", "p95", workflow=name)),
        drawing.graph("Model calls a run, p95", drawing.ours("RunSteps", "p95", workflow=name)),
        drawing.graph("Budget used, p95", drawing.ours("BudgetUsed", "p95", workflow=name)),
        drawing.graph("Waiting for people, p95", drawing.ours("ApprovalWait", "p95", workflow=name)),
        drawing.graph("Approvals expired", drawing.ours("ApprovalsExpired", "Sum", workflow=name)),
        drawing.graph("Flagged while running", drawing.all("Anomalies", "Sum", workflow=name)),
        drawing.graph(
            "Executions",
            *(
                drawing.aws("AWS/States", metric, "Sum", machine)
                for metric in ("ExecutionsStarted", "ExecutionsFailed", "ExecutionsTimedOut")
            ),
        ),
    ]


def cost(drawing: Drawing) -> Sequence[Json]:
    """Where the money goes."""
    return [
        drawing.graph("Dollars of ended runs, by workflow", drawing.all("RunCost", "Sum"), stacked=True),
        drawing.graph("Dollars by model", drawing.all("ModelCost", "Sum"), stacked=True),
        drawing.graph("Dollars a run, p95", drawing.all("RunCost", "p95")),
        drawing.graph("Budget used, p95", drawing.all("BudgetUsed", "p95")),
        drawing.graph("Model calls", drawing.all("ModelCalls", "Sum"), stacked=True),
        drawing.graph("Tokens read", drawing.all("TokensIn", "Sum"), stacked=True),
        drawing.graph("Tokens written", drawing.all("TokensOut", "Sum"), stacked=True),
        drawing.graph("Tokens from providers' caches", drawing.all("TokensCached", "Sum"), stacked=True),
        drawing.graph("Replies from our own cache", drawing.all("CacheHits", "Sum"), stacked=True),
        drawing.graph("Another was taken", drawing.all("Fallbacks", "Sum"), stacked=True),
        drawing.graph("Hand-overs", drawing.all("HandOvers", "Sum"), stacked=True),
        drawing.graph("Tool calls", drawing.all("ToolCalls", "Sum"), stacked=True),
    ]


def _text(markdown: str) -> Json:
    return {"type": "text", "width": _ACROSS, "height": 1, "properties": {"markdown": markdown}}


def _line(query: Query) -> list[object]:
    """A series as dashboards have it: namespace, name, dimensions in turn, and how it is drawn."""
    flat = [part for pair in query.dimensions.items() for part in pair]
    return [query.namespace, query.name, *flat, {"stat": query.statistic}]
