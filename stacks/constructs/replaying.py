"""What sets replays going: their queue, and where those end that nobody could go on with."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.constructs.keeping import removal
from stacks.constructs.names import pascal
from stacks.settings import Settings

AT_ONCE = 2
"""Replays that are gone on with at a time: the fewest that SQS can be told, so that they take nothing from what runs."""
HIDDEN = Duration.seconds(330)
"""Until a message comes again whose taker was killed: longer than the step may run."""
TRIES = 6
"""How often it comes: more than the step needs to leave a run at which it is killed each time (``observability.replaying``)."""


class Replaying(Construct):
    """The way of orders to the *replayer*, a step's function, which sends itself on by the same queue."""

    def __init__(self, scope: Construct, *, replayer: lambda_.IFunction, settings: Settings) -> None:
        super().__init__(scope, "Replaying")
        self._settings = settings
        dead = self._queue("replays-dead")
        orders = self._queue(
            "replays", visibility_timeout=HIDDEN, dead_letter_queue=sqs.DeadLetterQueue(queue=dead, max_receive_count=TRIES)
        )
        lambda_.EventSourceMapping(
            self, "Taking", target=replayer, event_source_arn=orders.queue_arn, batch_size=1, max_concurrency=AT_ONCE
        )

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
