"""The twin's Step Functions where the plug-in repairs it; expectations from AWS's developer guide (DG) and API reference (API)."""

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.twin.aws import client, until

pytestmark = pytest.mark.twin
ROLE = "arn:aws:iam::000000000000:role/any"
TOKEN_QUEUE = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


@pytest.fixture(scope="module")
def states(bare_twin: Any) -> Any:
    return client(bare_twin.endpoint, "stepfunctions")


@pytest.fixture(scope="module")
def sqs(bare_twin: Any) -> Any:
    return client(bare_twin.endpoint, "sqs")


class Machine:
    """A state machine on the twin."""

    def __init__(self, states: Any, arn: str) -> None:
        self.states = states
        self.arn = arn

    def start(self, given: object = None, **options: Any) -> str:
        answer = self.states.start_execution(stateMachineArn=self.arn, input=json.dumps(given or {}), **options)
        return str(answer["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        def over() -> dict[str, Any] | None:
            found: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return None if found["status"] == "RUNNING" else found

        return until(over)

    def run(self, given: object = None) -> Any:
        found = self.ended(self.start(given))
        assert found["status"] == "SUCCEEDED", found
        return json.loads(found["output"])


@pytest.fixture
def machine(states: Any) -> Iterator[Callable[..., Machine]]:
    made: list[str] = []

    def make(first: dict[str, Any], **others: dict[str, Any]) -> Machine:
        definition = {"QueryLanguage": "JSONata", "StartAt": "First", "States": {"First": first, **others}}
        name = f"conformance-{uuid.uuid4().hex[:8]}"
        arn = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)["stateMachineArn"]
        made.append(arn)
        return Machine(states, arn)

    yield make
    for arn in made:
        states.delete_state_machine(stateMachineArn=arn)


@pytest.fixture
def queue(sqs: Any) -> Iterator[str]:
    url = sqs.create_queue(QueueName=f"conformance-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def token(sqs: Any, queue: str) -> Callable[[], str]:
    """Wait for the token a state machine sends to the queue."""

    def receive() -> str:
        answer = until(lambda: sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages"))
        return str(json.loads(answer[0]["Body"])["token"])

    return receive


def waiting(queue: str, **fields: Any) -> dict[str, Any]:
    """Make a state that sends its token to a queue and waits."""
    arguments = {"QueueUrl": queue, "MessageBody": {"token": "{% $states.context.Task.Token %}"}}
    return {"Type": "Task", "Resource": TOKEN_QUEUE, "Arguments": arguments, "End": True, **fields}


def passing(output: object, **fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Output": output, **({} if "Next" in fields else {"End": True}), **fields}


# JSONata: DG "Transforming data with JSONata in Step Functions"


def test_values_survive_variables_whatever_they_say(machine: Callable[..., Machine]) -> None:
    made = machine(
        passing({}, Assign={"kept": "{% $states.input.text %}", "none": "{% $states.input.none %}"}, Next="Second"),
        Second=passing({"text": "{% $kept %}", "none": "{% $none %}", "there": "{% $exists($none) %}", "sum": "{% $count([1..3]) %}"}),
    )
    hostile = "she said \"x\"; $error('y') \\ {% 1 %} ü \n"
    assert made.run({"text": hostile, "none": None}) == {"text": hostile, "none": None, "there": True, "sum": 3}


def test_step_functions_own_functions_work(machine: Callable[..., Machine]) -> None:
    made = machine(
        passing(
            {
                "parts": "{% $partition([1,2,3], 2) %}",
                "range": "{% $range(0, 4, 2) %}",
                "hash": "{% $hash('content', 'SHA-1') %}",
                "parsed": "{% $parse($states.input.text).a %}",
                "same": "{% $random(7) = $random(7) %}",
                "uuid": "{% $length($uuid()) %}",
            }
        )
    )
    assert made.run({"text": '{"a": [null]}'}) == {
        "parts": [[1, 2], [3]],
        "range": [0, 2, 4],
        "hash": "040f06fd774092478d450774f5ba30c5da78acc8",
        "parsed": [None],
        "same": True,
        "uuid": 36,
    }


@pytest.mark.parametrize("expression", ["$states.input.missing", "1 + 'a'", "$error('no')", "$eval('1')", "function($x) { $x }"])
def test_a_failing_expression_is_a_query_evaluation_error(machine: Callable[..., Machine], expression: str) -> None:
    # DG "Handling errors": States.QueryEvaluationError
    made = machine(passing({"x": f"{{% {expression} %}}"}))
    found = made.ended(made.start())
    assert (found["status"], found["error"]) == ("FAILED", "States.QueryEvaluationError")
    assert expression in found["cause"]


def test_a_failing_expression_can_be_caught(machine: Callable[..., Machine], queue: str) -> None:
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught", "Output": {"error": "{% $states.errorOutput.Error %}"}}]
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": True, "Catch": catch}
    made = machine(
        {**task, "Arguments": {"QueueUrl": queue, "MessageBody": "{% $states.input.missing.text %}"}},
        Caught=passing("{% $states.input %}"),
    )
    assert made.run() == {"error": "States.QueryEvaluationError"}


# executions


def test_a_name_cannot_be_used_again_after_the_end(machine: Callable[..., Machine]) -> None:
    # API StartExecution: same name and input while running is the same execution; otherwise ExecutionAlreadyExists
    made = machine(passing({}))
    made.ended(made.start({"a": 1}, name="once"))
    with pytest.raises(ClientError) as refused:
        made.start({"a": 1}, name="once")
    assert refused.value.response["Error"]["Code"] == "ExecutionAlreadyExists"


def test_a_running_execution_answers_for_its_name_and_input(machine: Callable[..., Machine]) -> None:
    made = machine({"Type": "Wait", "Seconds": 20, "End": True})
    first = made.start({"a": 1}, name="twice")
    assert made.start({"a": 1}, name="twice") == first
    with pytest.raises(ClientError) as refused:
        made.start({"a": 2}, name="twice")
    assert refused.value.response["Error"]["Code"] == "ExecutionAlreadyExists"
    made.states.stop_execution(executionArn=first)


def test_an_input_over_256_kib_is_refused(machine: Callable[..., Machine]) -> None:
    # DG "Step Functions service quotas": 262,144 bytes
    made = machine(passing({}))
    made.ended(made.start("x" * (256 * 1024 - 2)))
    with pytest.raises(ClientError) as refused:
        made.start("ü" * (128 * 1024))
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_a_tasks_output_over_256_kib_is_refused(machine: Callable[..., Machine], queue: str, token: Callable[[], str]) -> None:
    made = machine(waiting(queue))
    execution, given = made.start(), token()
    with pytest.raises(ClientError) as refused:
        made.states.send_task_success(taskToken=given, output=json.dumps("x" * (256 * 1024)))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    made.states.send_task_success(taskToken=given, output='"small"')
    assert made.ended(execution)["output"] == '"small"'


@pytest.mark.parametrize("name", ["States.HeartbeatTimeout", "States.Timeout"])
def test_a_missed_heartbeat_is_caught_by_either_name(machine: Callable[..., Machine], queue: str, name: str) -> None:
    # DG "Handling errors": States.HeartbeatTimeout is its name, and States.Timeout covers a missed heartbeat as well
    caught = waiting(queue, HeartbeatSeconds=1, TimeoutSeconds=60, Catch=[{"ErrorEquals": [name], "Next": "Caught"}])
    made = machine(caught, Caught=passing({"caught": True}))
    assert made.run() == {"caught": True}


def test_a_stopped_execution_is_over_at_once_and_its_token_is_dead(
    machine: Callable[..., Machine], queue: str, token: Callable[[], str]
) -> None:
    # API StopExecution, DescribeExecution (ABORTED with error and cause), SendTaskSuccess
    made = machine(waiting(queue, TimeoutSeconds=600, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]), Caught=passing({}))
    execution, given = made.start(), token()
    made.states.stop_execution(executionArn=execution, error="RunStopped", cause="asked")
    found = made.states.describe_execution(executionArn=execution)
    assert (found["status"], found["error"], found["cause"]) == ("ABORTED", "RunStopped", "asked")
    with pytest.raises(ClientError):
        made.states.send_task_success(taskToken=given, output="{}")
    events = until(lambda: _ended(made.states, execution))
    assert "Caught" not in json.dumps(events, default=str)
    assert made.states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_a_stopped_execution_keeps_its_end_when_what_it_was_in_the_middle_of_comes_back(machine: Callable[..., Machine]) -> None:
    # API StopExecution answers with the stop's date, DescribeExecution has the same
    made = machine({"Type": "Wait", "Seconds": 2, "End": True})
    execution = made.start()
    made.states.stop_execution(executionArn=execution)
    over = made.states.describe_execution(executionArn=execution)["stopDate"]
    until(lambda: _ended(made.states, execution))
    assert made.states.describe_execution(executionArn=execution)["stopDate"] == over


def _ended(states: Any, execution: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = states.get_execution_history(executionArn=execution)["events"]
    return events if events[-1]["type"] == "ExecutionAborted" else []
