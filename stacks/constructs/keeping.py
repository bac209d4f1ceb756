"""How long things are kept: what outlives its stack, and logs."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.settings import Settings


def removal(settings: Settings) -> RemovalPolicy:
    """What happens to data and old versions when their stack goes."""
    return RemovalPolicy.RETAIN if settings.retain else RemovalPolicy.DESTROY


def log_group(scope: Construct, kind: str, name: str, settings: Settings) -> logs.LogGroup:
    """The log group of a function or a workflow."""
    return logs.LogGroup(
        scope,
        "Logs",
        log_group_name=settings.names.log_group(kind, name),
        retention=logs.RetentionDays[settings.retention],
        removal_policy=removal(settings),
    )
