"""Where events come in: a bus, a rule for each event that is declared, a queue, and the queue where those end that start nothing."""

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.catalog.declarations import Json
from stacks.constructs.keeping import removal
from stacks.constructs.names import pascal
from stacks.settings import Settings

TRIES = 10
"""How often SQS offers an event before it moves it by itself: once more than Septet's ``integration.events`` tries it."""
HIDDEN = Duration.seconds(90)
"""Between two tries: longer than the step may run."""


class EventIntake(Construct):
    """The way of an event to *taker*, the step that takes it. Who may put events on the bus, the account's owner says."""

    def __init__(self, scope: Construct, *, taker: lambda_.IFunction, events: Mapping[str, Json], settings: Settings) -> None:
        super().__init__(scope, "Events")
        self._settings = settings
        self._dead = self._queue("events-dead")
        self._taken = self._queue(
            "events", visibility_timeout=HIDDEN, dead_letter_queue=sqs.DeadLetterQueue(queue=self._dead, max_receive_count=TRIES)
        )
        lambda_.EventSourceMapping(
            self, "Taking", target=taker, event_source_arn=self._taken.queue_arn, batch_size=5, report_batch_item_failures=True
        )
        self._rules(events)

    def _queue(self, name: str, **more: object) -> sqs.Queue:
        return sqs.Queue(
            self,
            pascal("queue", name.replace("-", "_")),
            queue_name=self._settings.names.queue(name),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=removal(self._settings),
            **more,  # type: ignore[arg-type]  # as sqs.Queue has them
        )

    def _rules(self, declared: Mapping[str, Json]) -> None:
        bus = events.EventBus(self, "Bus", event_bus_name=self._settings.names.bus())
        bus.apply_removal_policy(removal(self._settings))
        for name, event in declared.items():
            events.Rule(
                self,
                pascal("rule", name),
                event_bus=bus,
                description=f"Events {event['detail_type']} of {event['source']} start the workflow {event['workflow']}.",
                event_pattern=events.EventPattern(source=[event["source"]], detail_type=[event["detail_type"]]),
                targets=[targets.SqsQueue(self._taken, dead_letter_queue=self._dead)],
            )
