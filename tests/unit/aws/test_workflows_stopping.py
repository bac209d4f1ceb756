"""What an execution has started is aborted with it."""

import json
from typing import Any

import pytest

from septet.aws.workflows import StepFunctionsWorkflows

PREFIX = "arn:aws:states:eu-west-1:1:stateMachine:septet-x-"
PARENT = "arn:aws:states:eu-west-1:1:execution:septet-x-w:run-1"
CHILD = "arn:aws:states:eu-west-1:1:execution:septet-x-w/Rows:child"
NESTED = "arn:aws:states:eu-west-1:1:execution:septet-x-n:nested"


class States:
    """A double of the client of Step Functions, with one execution and what it started."""

    class exceptions:  # noqa: N801 -- boto3's name for it
        class ExecutionDoesNotExist(Exception):  # noqa: N818 -- boto3's name for it
            pass

        class StateMachineDoesNotExist(Exception):  # noqa: N818 -- boto3's name for it
            pass

    def __init__(self, definition: str) -> None:
        self.definition = definition
        self.stopped: list[str] = []
        self.described = 0

    def stop_execution(self, *, executionArn: str, **said: str) -> None:  # noqa: N803 -- boto3's name for it
        if executionArn.endswith(":gone"):
            raise self.exceptions.ExecutionDoesNotExist
        assert said == {"error": "RunStopped", "cause": "enough"}
        self.stopped.append(executionArn)

    def describe_state_machine(self, *, stateMachineArn: str) -> Any:  # noqa: N803 -- boto3's name for it
        assert "/" not in stateMachineArn
        self.described += 1
        if not self.definition:
            raise self.exceptions.StateMachineDoesNotExist
        return {"definition": self.definition if stateMachineArn == f"{PREFIX}w" else "{}"}

    def get_paginator(self, name: str) -> Any:
        class Pages:
            def paginate(_, **asked: str) -> Any:  # noqa: N805 -- the double's own self is needed
                return getattr(self, f"_{name}")(**asked)

        return Pages()

    def _list_map_runs(self, executionArn: str) -> Any:  # noqa: N803 -- boto3's name for it
        return [{"mapRuns": [{"mapRunArn": "arn:map"}] if executionArn == PARENT else []}]

    def _list_executions(self, mapRunArn: str, statusFilter: str) -> Any:  # noqa: N803 -- boto3's names for them
        assert (mapRunArn, statusFilter) == ("arn:map", "RUNNING")
        return [{"executions": [{"executionArn": CHILD}]}]

    def _get_execution_history(self, executionArn: str) -> Any:  # noqa: N803 -- boto3's name for it
        outputs = [
            {"resourceType": "lambda", "output": "[1]"},
            {"resourceType": "states", "output": '"a text"'},
            {"resourceType": "states"},
        ]
        started = {"resourceType": "states", "output": json.dumps({"ExecutionArn": NESTED})}
        events = [{"taskSucceededEventDetails": one} for one in outputs] + [{"taskSubmittedEventDetails": started}, {"type": "other"}]
        return [{"events": events if executionArn == PARENT else []}]


@pytest.mark.parametrize(
    ("definition", "stopped"),
    [
        ("{}", [PARENT]),
        ("", [PARENT]),
        ('{"Mode": "DISTRIBUTED"}', [PARENT, CHILD]),
        ('{"Resource": "arn:aws:states:::states:startExecution.sync:2"}', [PARENT, NESTED]),
    ],
)
def test_what_an_execution_has_started_is_aborted_with_it(definition: str, stopped: list[str]) -> None:
    states = States(definition)
    StepFunctionsWorkflows(states, PREFIX).stop(PARENT, error="RunStopped", cause="enough")
    assert states.stopped == stopped


def test_a_machine_is_described_once_and_one_that_is_gone_is_nothing() -> None:
    states = States("{}")
    workflows = StepFunctionsWorkflows(states, PREFIX)
    for execution in (PARENT, PARENT, PARENT.replace("run-1", "gone")):
        workflows.stop(execution, error="RunStopped", cause="enough")
    assert (states.stopped, states.described) == ([PARENT, PARENT], 1)


def test_who_asks_while_another_reads_the_definition_finds_what_was_started_all_the_same() -> None:
    class Meanwhile(States):
        def describe_state_machine(self, *, stateMachineArn: str) -> Any:  # noqa: N803 -- boto3's name for it
            found = super().describe_state_machine(stateMachineArn=stateMachineArn)
            if self.described == 1:
                workflows.stop(PARENT, error="RunStopped", cause="enough")
                assert self.stopped == [PARENT, PARENT, NESTED]
            return found

    states = Meanwhile('{"Resource": "arn:aws:states:::states:startExecution.sync:2"}')
    workflows = StepFunctionsWorkflows(states, PREFIX)
    workflows.stop(PARENT, error="RunStopped", cause="enough")
    assert states.stopped == [PARENT, PARENT, NESTED, NESTED]
