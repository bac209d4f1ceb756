"""What sets the projector going: the streams of the journal and of the runs, and the queue of what it cannot project."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.constructs.keeping import removal
from stacks.constructs.names import pascal
from stacks.settings import Settings

STREAMS = ("journal", "runs")
BATCH = 100
"""Records; the projector looks at each place once, however many of them say so."""
TRIES = 50
"""How often a batch comes again before it is put aside: with the projector's own patience about a day."""


class Projecting(Construct):
    """The ways of changes to the *projector*, a step's function."""

    def __init__(self, scope: Construct, *, projector: lambda_.IFunction, settings: Settings) -> None:
        super().__init__(scope, "Projecting")
        dead = sqs.Queue(
            self,
            "Dead",
            queue_name=settings.names.queue("projection-dead"),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=removal(settings),
        )
        for table in STREAMS:
            lambda_.CfnEventSourceMapping(
                self,
                pascal("stream", table),
                function_name=projector.function_arn,
                event_source_arn=ssm.StringParameter.value_for_string_parameter(self, settings.names.stream_parameter(table)),
                starting_position="TRIM_HORIZON",
                batch_size=BATCH,
                maximum_batching_window_in_seconds=1,
                parallelization_factor=10 if settings.retain else 1,
                bisect_batch_on_function_error=True,
                maximum_retry_attempts=TRIES,
                function_response_types=["ReportBatchItemFailures"],
                destination_config={"onFailure": {"destination": dead.queue_arn}},
            )
