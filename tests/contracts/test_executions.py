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


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def waiting(request: pytest.FixtureRequest, tenant: str) -> Waiting:
    """The double, then the adapter with a state machine that waits."""
    if request.param == "memory":
        double = MemoryExecutions()
        return Waiting(executions=double, token="token-1", told=lambda: double.woken["token-1"])
    return _on_aws(request.getfixturevalue("bare_twin"), tenant)


def _on_aws(twin: Any, name: str) -> Waiting:
    queues, machines = twin.client("sqs"), twin.client("stepfunctions")
    queue = queues.create_queue(QueueName=name)["QueueUrl"]
    definition = json.dumps(WAITS).replace('"QueueUrl": ""', f'"QueueUrl": "{queue}"')
    made = machines.create_state_machine(name=name, definition=definition, roleArn="arn:aws:iam::000000000000:role/any")
    execution = machines.start_execution(stateMachineArn=made["stateMachineArn"])["executionArn"]
    (message,) = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]

    def told() -> Any:
        return _output(machines, execution)

    return Waiting(executions=StepFunctionsExecutions(machines), token=message["Body"], told=told)


def _output(machines: Any, execution: str) -> Any:
    """What the execution ends with; a paginated history is read until it says so."""
    for _ in range(200):
        found = machines.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            return json.loads(found["output"])
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
