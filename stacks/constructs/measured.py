"""What alarms and dashboards look at: metrics that somebody is known to tell, and alarms as plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from stacks.catalog.measures import Metric, metric
from stacks.constructs.names import Names

type Missing = Literal["notBreaching", "breaching", "ignore"]

AWS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "AWS/ApiGateway": {"5XXError": ("ApiName",), "4XXError": ("ApiName",), "Count": ("ApiName",), "Latency": ("ApiName",)},
    "AWS/DynamoDB": {"ReadThrottleEvents": ("TableName",), "WriteThrottleEvents": ("TableName",)},
    "AWS/Lambda": {
        "Duration": ("FunctionName",),
        "Errors": ("FunctionName",),
        "Invocations": ("FunctionName",),
        "IteratorAge": ("FunctionName",),
        "Throttles": (),
    },
    "AWS/SQS": {"ApproximateAgeOfOldestMessage": ("QueueName",), "ApproximateNumberOfMessagesVisible": ("QueueName",)},
    "AWS/States": {
        "ExecutionsFailed": ("StateMachineArn",),
        "ExecutionsStarted": ("StateMachineArn",),
        "ExecutionsTimedOut": ("StateMachineArn",),
    },
}
"""AWS's own metrics that are looked at, with the dimensions that each is looked at by; of each service's page in its guide."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """A statistic of one metric."""

    id: str
    """What expressions call it; begins with a lower-case letter."""
    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """An alarm on metrics. It tells nobody: those that are made of others do."""

    name: str
    means: str
    """A sentence for the person who is woken."""
    section: str
    """Of the runbook."""
    queries: tuple[Query, ...]
    expression: str
    """What is compared, in CloudWatch's metric math."""
    above: float
    """It is raised by what is more than this."""
    period: int
    """Seconds."""
    of: int = 1
    """How many periods in a row it looks at, all of which must be above."""
    missing: Missing = "notBreaching"
    """What a period without data counts as. Mostly nothing happened; a queue that nobody touches tells nothing; silence can be the news."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """An alarm made of others, which tells somebody."""

    name: str
    means: str
    section: str
    pairs: tuple[tuple[Watch, ...], ...]
    """It is raised when all of one of these are."""
    urgent: bool
    """Whether a person is woken, or finds it in the morning."""

    @property
    def watches(self) -> tuple[Watch, ...]:
        """All that it is made of."""
        return tuple(watch for pair in self.pairs for watch in pair)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """Makes queries, of metrics that are told and of nothing else."""

    ours: Mapping[str, Metric]
    names: Names

    def query(self, id_: str, name: str, statistic: str, **dimensions: str) -> Query:
        """A statistic of one of our own metrics. Raises ValueError when nobody tells it, or not by these dimensions."""
        found = metric(self.ours, name).told_by(dimensions)
        return Query(id=id_, namespace=self.names.metrics(), name=name, dimensions=found, statistic=statistic)

    def aws(self, id_: str, namespace: str, name: str, statistic: str, *values: str) -> Query:
        """A statistic of one of AWS's metrics, with the *values* of its dimensions. Raises ValueError for one that is not listed above."""
        dimensions = AWS.get(namespace, {}).get(name)
        if dimensions is None or len(dimensions) != len(values):
            raise ValueError(f"{namespace} {name} is not looked at by {len(values)} dimensions: see AWS in stacks/constructs/measured.py")
        return Query(id=id_, namespace=namespace, name=name, dimensions=dict(zip(dimensions, values, strict=True)), statistic=statistic)


def together(function: str, queries: Iterable[Query]) -> str:
    """``SUM([a, b])`` or ``MAX([a, b])``: of those that have a value."""
    return f"{function}([{', '.join(query.id for query in queries)}])"
