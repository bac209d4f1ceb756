"""Executions, and the state machines they are of."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.settings import settings

if TYPE_CHECKING:
    from septet.aws.approvals import StepFunctionsExecutions
    from septet.aws.workflows import StepFunctionsWorkflows


@cache
def executions() -> "StepFunctionsExecutions":
    """The executions that wait for a person."""
    from septet.aws.approvals import StepFunctionsExecutions
    from septet.aws.clients import client

    return StepFunctionsExecutions(client("stepfunctions"))


def machines() -> "StepFunctionsWorkflows":
    """The state machines, and their executions."""
    from septet.aws.clients import client
    from septet.aws.workflows import StepFunctionsWorkflows

    return StepFunctionsWorkflows(client("stepfunctions"), settings().state_machine_prefix)
