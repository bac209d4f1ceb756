"""What can be wrong with the platform itself, as alarms: with the projector, without which the others are blind, steps and stores."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stacks.catalog.slo import Objectives
from stacks.constructs.burning import HOUR, MINUTE
from stacks.constructs.measured import Alert, Metrics, Query, Watch, together

PROJECTOR = "project"
LAG_MS, STUCK_MS = 60_000, 600_000
API_ERRORS, API_REQUESTS = 0.05, 20
EVENT_WAITS_S = 900
QUEUES = {"events-dead": "events-end-unheard", "projection-dead": "records-are-put-aside", "replays-dead": "a-replay-stands-still"}
"""Queues of dead letters, and the runbook's section for each."""
STEPS = ("advance_sessions", "close_run", "deliver_answers", "deliver_decisions", "observe", "seal_journal", "sweep_accounts", PROJECTOR)
"""Steps that nobody waits for: that they fail shows late, and elsewhere."""
STOPS = "reconcile_stops"
SEEN = {
    "api": "its errors are the API's answers: api-fails",
    "authorize": "API Gateway answers with an error of its own when it fails: api-fails",
    "erase_content": "whoever ordered an erasure waits for it: api-fails",
    "gateway": "an agent waits for it, and its run for the agent: the objectives of workflows",
    "replay": "a replay that nobody can go on with is a dead letter: replays-dead-letters",
    "take_event": "an event that is not taken stays in its queue, and then is a dead letter: events-wait, events-dead-letters",
}
"""Other steps that no workflow calls, whose calls then fail the run, and by which alarms their failures show."""
WRITTEN, READ = ("journal", "accounts", "control", "effects", "runs"), ("journal", "accounts", "runs")
"""The tables that every run needs."""
DEFAULT_WAIT_MS = 24 * HOUR * 1000
"""How long an approval may wait where no workflow says."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """The alarms that belong to no workflow."""

    metrics: Metrics
    objectives: Mapping[str, Objectives]
    models: tuple[str, ...]

    def alerts(self) -> tuple[Alert, Alert]:
        """What wakes somebody, and what waits for the morning."""
        urgent = [(self._stuck(),), self._silent(), (self._api(),), (self._step(STOPS, "stops-do-not-go-on", 5 * MINUTE),)]
        later = [self._behind(), self._poison(), *self._dead(), self._intake(), self._throttled(), self._tables(), self._waiting()]
        later += [self._step(name, "a-step-fails", 15 * MINUTE) for name in STEPS]
        later += self._breakers()
        return (
            Alert(
                name="platform-page",
                means="The platform itself is broken, or nobody could see if it were.",
                section="the-platform-page",
                pairs=tuple(urgent),
                urgent=True,
            ),
            Alert(
                name="platform-ticket",
                means="Something of the platform needs a person by day.",
                section="the-platform-ticket",
                pairs=tuple((watch,) for watch in later),
                urgent=False,
            ),
        )

    def _lambda(self, id_: str, metric: str, statistic: str, step: str) -> Query:
        return self.metrics.aws(id_, "AWS/Lambda", metric, statistic, self.metrics.names.function("step", step))

    def _queue(self, id_: str, metric: str, queue: str) -> Query:
        return self.metrics.aws(id_, "AWS/SQS", metric, "Maximum", self.metrics.names.queue(queue))

    def _stuck(self) -> Watch:
        return Watch(
            name="projection-stuck",
            means="The oldest change that is not projected has waited for more than ten minutes: the alarms of all workflows are blind.",
            section="projection-is-stuck",
            queries=(age := self._lambda("age", "IteratorAge", "Maximum", PROJECTOR),),
            expression=age.id,
            above=STUCK_MS,
            period=5 * MINUTE,
            of=2,
        )

    def _silent(self) -> tuple[Watch, Watch]:
        closed = self._lambda("closed", "Invocations", "Sum", "close_run")
        projected = self.metrics.query("projected", "ProjectionLag", "SampleCount")
        section, means = "nothing-is-measured", "Runs end and nothing is measured: the alarms of all workflows are blind."
        return (
            Watch(name="runs-end", means=means, section=section, queries=(closed,), expression="closed", above=0, period=15 * MINUTE, of=2),
            Watch(
                name="nothing-measured",
                means=means,
                section=section,
                queries=(projected,),
                expression="IF(projected > 0, 0, 1)",
                above=0,
                period=15 * MINUTE,
                of=2,
                missing="breaching",
            ),
        )

    def _api(self) -> Watch:
        api = self.metrics.names.prefix
        requests = self.metrics.aws("requests", "AWS/ApiGateway", "Count", "Sum", api)
        errors = self.metrics.aws("errors", "AWS/ApiGateway", "5XXError", "Sum", api)
        return Watch(
            name="api-fails",
            means="More than 5 % of the API's answers in fifteen minutes were the platform's own errors.",
            section="the-api-fails",
            queries=(requests, errors),
            expression=f"IF(requests >= {API_REQUESTS}, errors / requests, 0)",
            above=API_ERRORS,
            period=5 * MINUTE,
            of=3,
        )

    def _step(self, name: str, section: str, period: int) -> Watch:
        errors = self._lambda("errors", "Errors", "Sum", name)
        means = f"The step {name} failed in two periods of {period // MINUTE} minutes in a row."
        return Watch(
            name=f"step-{name}-fails", means=means, section=section, queries=(errors,), expression="errors", above=0, period=period, of=2
        )

    def _behind(self) -> Watch:
        lag = self.metrics.query("lag", "ProjectionLag", "p99")
        means = "For fifteen minutes, more than one in a hundred entries was measured more than a minute after it was written."
        return Watch(
            name="projection-behind",
            means=means,
            section="projection-is-behind",
            queries=(lag,),
            expression="lag",
            above=LAG_MS,
            period=5 * MINUTE,
            of=3,
        )

    def _poison(self) -> Watch:
        poison = self.metrics.query("poison", "ProjectionPoison", "Sum")
        means = "A record could not be projected and was put aside."
        return Watch(
            name="projection-poison",
            means=means,
            section="records-are-put-aside",
            queries=(poison,),
            expression="poison",
            above=0,
            period=15 * MINUTE,
        )

    def _dead(self) -> Iterator[Watch]:
        for queue, section in QUEUES.items():
            yield Watch(
                name=f"{queue}-letters",
                means=f"The queue {queue} holds messages that nobody will take by himself.",
                section=section,
                queries=(self._queue("letters", "ApproximateNumberOfMessagesVisible", queue),),
                expression="letters",
                above=0,
                period=5 * MINUTE,
                missing="ignore",  # SQS tells nothing of a queue that nobody touches, and the letters are still there
            )

    def _intake(self) -> Watch:
        return Watch(
            name="events-wait",
            means="An event has waited to be taken for more than fifteen minutes.",
            section="events-wait",
            queries=(self._queue("age", "ApproximateAgeOfOldestMessage", "events"),),
            expression="age",
            above=EVENT_WAITS_S,
            period=5 * MINUTE,
            of=2,
        )

    def _throttled(self) -> Watch:
        return Watch(
            name="functions-throttled",
            means="For fifteen minutes Lambda refused calls for want of concurrency, somewhere in this account and region.",
            section="functions-are-throttled",
            queries=(self.metrics.aws("throttles", "AWS/Lambda", "Throttles", "Sum"),),
            expression="throttles",
            above=0,
            period=5 * MINUTE,
            of=3,
        )

    def _tables(self) -> Watch:
        names = self.metrics.names
        asked = [("WriteThrottleEvents", table) for table in WRITTEN] + [("ReadThrottleEvents", table) for table in READ]
        queries = tuple(
            self.metrics.aws(f"t{number}", "AWS/DynamoDB", metric, "Sum", names.table(table))
            for number, (metric, table) in enumerate(asked)
        )
        return Watch(
            name="tables-throttled",
            means="For fifteen minutes DynamoDB refused requests to a table that every run needs.",
            section="tables-are-throttled",
            queries=queries,
            # Alarms on DynamoDB's metrics ignore missing data, whatever they are told: without zeros the last state would stay.
            expression=f"FILL({together('SUM', queries)}, 0)",
            above=0,
            period=5 * MINUTE,
            of=3,
        )

    def _waiting(self) -> Watch:
        longest = max((one.approval.within for one in self.objectives.values() if one.approval), default=DEFAULT_WAIT_MS)
        return Watch(
            name="approvals-wait",
            means="An open approval has waited longer than any workflow promises.",
            section="approvals-are-late",
            queries=(self.metrics.query("age", "ApprovalAge", "Maximum"),),
            expression="age",
            above=longest,
            period=15 * MINUTE,
        )

    def _breakers(self) -> Iterator[Watch]:
        for model in self.models:
            yield Watch(
                name=f"model-{model.replace(':', '-')}-out",
                means=f"The model {model} has been taken out for half an hour because its calls fail.",
                section="a-model-is-out",
                queries=(self.metrics.query("open", "BreakersOpen", "Maximum", model=model),),
                expression="open",
                above=0,
                period=15 * MINUTE,
                of=2,
            )
