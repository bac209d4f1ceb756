"""What happened to a platform, as recorded metrics: four days of it, a value for every minute in which there was one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stacks.constructs.names import Names
from tests.stacks.alarms.recorded import Recorded

HOUR, DAY = 60, 24 * 60
NOW = 4 * DAY
"""The minute at which one looks."""
EVERY = 5
"""Minutes between the ends of two runs, where nothing else is said."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """Writes down what a platform of these names tells."""

    names: Names
    recorded: Recorded = field(default_factory=Recorded)

    def ours(self, name: str, minute: int, value: float, **dimensions: str) -> None:
        self.recorded.tell(self.names.metrics(), name, minute, value, **dimensions)

    def runs(
        self,
        *,
        broken: Callable[[int], bool] = lambda _: False,
        slow: Callable[[int], bool] = lambda _: False,
        dear: Callable[[int], bool] = lambda _: False,
        every: int = EVERY,
        until: int = NOW,
        workflow: str = "support",
    ) -> "Story":
        """Runs that end, one *every* so many minutes; which of them are broken, slow or dear, their minute says."""
        for minute in range(every, until + 1, every):
            succeeded = not broken(minute)
            self.ours("RunsEnded", minute, 1, workflow=workflow)
            self.ours("RunsSucceeded", minute, float(succeeded), workflow=workflow)
            self.ours("RunWorking", minute, 3_600_000 if slow(minute) else 20_000, workflow=workflow)
            self.ours("RunCost", minute, 50 if dear(minute) else 0.02, workflow=workflow)
            if not succeeded:
                self.ours("RunFailures", minute, 1, workflow=workflow, error="ModelUnavailable")
        return self.seen(until=until, every=every)

    def seen(self, *, until: int = NOW, every: int = EVERY, projected: bool = True, lag: int = 800) -> "Story":
        """What ended was closed, and projected."""
        for minute in range(every, until + 1, every):
            self.step("close_run", "Invocations", minute, 1)
            if projected:
                self.ours("ProjectionLag", minute, lag)
        return self

    def step(self, name: str, metric: str, minute: int, value: float) -> None:
        self.recorded.tell("AWS/Lambda", metric, minute, value, FunctionName=self.names.function("step", name))

    def each(self, minutes: range, tell: Callable[["Story", int], Any]) -> "Story":
        for minute in minutes:
            tell(self, minute)
        return self


def since(minute: int) -> Callable[[int], bool]:
    return lambda at: at > minute


def between(first: int, last: int) -> Callable[[int], bool]:
    return lambda at: first < at <= last


def one_in(number: int, first: int = 0) -> Callable[[int], bool]:
    """One run in so many, of those that end every five minutes."""
    return lambda at: at > first and (at // EVERY) % number == 0


def queue(story: Story, name: str, minute: int, letters: int) -> None:
    story.recorded.tell("AWS/SQS", "ApproximateNumberOfMessagesVisible", minute, letters, QueueName=story.names.queue(name))


def api(story: Story, minute: int, requests: int, errors: int) -> None:
    story.recorded.tell("AWS/ApiGateway", "Count", minute, requests, ApiName=story.names.prefix)
    story.recorded.tell("AWS/ApiGateway", "5XXError", minute, errors, ApiName=story.names.prefix)


def throttled(story: Story, minute: int, events: int) -> None:
    story.recorded.tell("AWS/DynamoDB", "WriteThrottleEvents", minute, events, TableName=story.names.table("journal"))
