import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from septet.aws.approvals import StepFunctionsExecutions
from septet.local.approvals import MemoryExecutions
from septet.security.delivery import Executions

OUTPUT = {"approval": "apr-1", "status": "approved"}
WAITS = {
    "QueryLanguage": "JSONata",
    "StartAt": "Somebody is waited for",
    "States": {
        "Somebody is waited for": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"QueueUrl": "", "MessageBody": "{% $states.context.Task.Token %}"},
            "TimeoutSeconds": 60,
            "End": True,
        }
    },
}


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Executions, one that waits, and what it was told in the end."""

    executions: Executions
    token: str
    told: Callable[[], Any]
    failed: Callable[[], Any]
    """The class that it failed with."""


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def waiting(request: pytest.FixtureRequest, tenant: str) -> Waiting:
    """The double, then the adapter with a state machine that waits."""
    if request.param == "memory":
        double = MemoryExecutions()
        told, failed = double.woken, double.failed
        return Waiting(executions=double, token="token-1", told=lambda: told["token-1"], failed=lambda: failed["token-1"])
    return _on_aws(request.getfixturevalue("bare_twin"), tenant)


def _on_aws(twin: Any, name: str) -> Waiting:
    queues, machines = twin.client("sqs"), twin.client("stepfunctions")
    queue = queues.create_queue(QueueName=name)["QueueUrl"]
    definition = json.dumps(WAITS).replace('"QueueUrl": ""', f'"QueueUrl": "{queue}"')
    made = machines.create_state_machine(name=name, definition=definition, roleArn="arn:aws:iam::000000000000:role/any")
    execution = machines.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]

    return Waiting(
        executions=StepFunctionsExecutions(machines),
        token=message["Body"],
        told=lambda: json.loads(_ended(machines, execution)["output"]),
        failed=lambda: _ended(machines, execution)["error"],
    )


def _ended(machines: Any, execution: str) -> Any:
    """The execution once it has ended; a paginated history is read until it has."""
    for _ in range(200):
        found = machines.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return found
        machines.get_execution_history(executionArn=execution, maxResults=1)
    raise AssertionError("the execution still waits")


def test_an_execution_wakes_once_with_what_it_is_told(waiting: Waiting) -> None:
    assert waiting.executions.wake(waiting.token, dict(OUTPUT))
    assert waiting.told() == OUTPUT
    assert not waiting.executions.wake(waiting.token, {"approval": "apr-1", "status": "rejected"})
    assert waiting.told() == OUTPUT


@pytest.mark.twin
def test_nobody_waits_with_a_token_nobody_has(bare_twin: Any) -> None:
    executions = StepFunctionsExecutions(bare_twin.client("stepfunctions"))
    assert not executions.wake("no token", dict(OUTPUT))
    assert not executions.wake("A" * 500, dict(OUTPUT))


def test_what_waits_ends_once_in_the_class_that_it_is_failed_with(waiting: Waiting) -> None:
    assert waiting.executions.fail(waiting.token, error="RunStopped", cause="stopped by ann: enough")
    assert waiting.failed() == "RunStopped"
    assert not waiting.executions.wake(waiting.token, dict(OUTPUT))


@pytest.mark.twin
def test_a_token_nobody_has_is_not_failed_either(bare_twin: Any) -> None:
    executions = StepFunctionsExecutions(bare_twin.client("stepfunctions"))
    assert not executions.fail("no token", error="RunStopped", cause="stopped by ann: enough")
