"""What Step Functions is told when an execution starts."""

from typing import Any

import pytest

from septet.aws.workflows import StepFunctionsWorkflows

PREFIX = "arn:aws:states:eu-central-1:000000000000:stateMachine:septet-dev-"
HEADER = "Root=1-65000000-000000000000000000000001;Parent=00000000000000aa;Sampled=1"


class States:
    """A double of the client that notes what it is asked."""

    class exceptions:  # noqa: N801 -- as boto3 names it
        ExecutionAlreadyExists = KeyError

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def start_execution(self, **asked: Any) -> None:
        self.asked.append(asked)


@pytest.mark.parametrize(("trace", "told"), [(HEADER, {"traceHeader": HEADER}), ("", {})])
def test_an_execution_is_started_in_the_run_s_trace(trace: str, told: dict[str, str]) -> None:
    states = States()
    StepFunctionsWorkflows(states, PREFIX).start("support", "run-1", {"run": "run-1"}, trace=trace)
    assert states.asked == [{"stateMachineArn": f"{PREFIX}support", "name": "run-1", "input": '{"run": "run-1"}', **told}]
