"""State machines behind the workflows port."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from septet.core.runs import ENDED
from septet.integration.ports import ExecutionState
from septet.orchestration.closing import cause

CAUSE_CHARACTERS = 32_768
"""The most that Step Functions takes (its API reference)."""


class StepFunctionsWorkflows:
    """Workflows as Step Functions state machines; an execution bears its run's name, so a run cannot start twice."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._definitions: dict[str, str] = {}

    def start(self, workflow: str, run: str, input: Mapping[str, Any], *, trace: str = "") -> str:  # noqa: A002 -- the word of Step Functions
        """Start the execution named *run* unless there is one of that name, and return its ARN. X-Ray shows it in the *trace*."""
        traced = {"traceHeader": trace} if trace else {}
        with suppress(self._client.exceptions.ExecutionAlreadyExists):
            self._client.start_execution(stateMachineArn=f"{self._prefix}{workflow}", name=run, input=json.dumps(dict(input)), **traced)
        return self.execution(workflow, run)

    def execution(self, workflow: str, run: str) -> str:
        """The ARN that the execution named *run* has, or would have."""
        return f"{self._prefix}{workflow}:{run}".replace(":stateMachine:", ":execution:", 1)

    def state(self, execution: str) -> ExecutionState | None:
        """How the execution stands; None when Step Functions knows no such execution."""
        try:
            found = self._client.describe_execution(executionArn=execution)
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        stopped = found.get("stopDate")
        return ExecutionState(
            status=ENDED.get(found["status"], "running"),
            ended_at=int(stopped.timestamp() * 1000) if stopped else None,
            error=found.get("error", ""),
            message=cause(found.get("cause", "")),
        )

    def stop(self, execution: str, *, error: str, cause: str, alone: bool = False) -> None:
        """Abort the execution, then, unless *alone*, those that its distributed maps, and its states that start another, have started."""
        with suppress(self._client.exceptions.ExecutionDoesNotExist):
            self._client.stop_execution(executionArn=execution, error=error, cause=cause[:CAUSE_CHARACTERS])
            for child in () if alone else self._children(execution):
                self.stop(child, error=error, cause=cause)

    def _children(self, execution: str) -> Iterator[str]:
        definition = self._definition(execution)
        if '"DISTRIBUTED"' in definition:
            for page in self._client.get_paginator("list_map_runs").paginate(executionArn=execution):
                for mapped in page["mapRuns"]:
                    yield from self._mapped(mapped["mapRunArn"])
        if ":states:startExecution" in definition:
            for page in self._client.get_paginator("get_execution_history").paginate(executionArn=execution):
                for event in page["events"]:
                    yield from _started(event)

    def _mapped(self, map_run: str) -> Iterator[str]:
        for page in self._client.get_paginator("list_executions").paginate(mapRunArn=map_run, statusFilter="RUNNING"):
            yield from (child["executionArn"] for child in page["executions"])

    def _definition(self, execution: str) -> str:
        """The state machine's, read once in the life of this object."""
        machine = execution.replace(":execution:", ":stateMachine:", 1).rpartition(":")[0].partition("/")[0]
        if machine not in self._definitions:
            definition = ""
            with suppress(self._client.exceptions.StateMachineDoesNotExist):  # a workflow that was taken out since
                definition = self._client.describe_state_machine(stateMachineArn=machine)["definition"]
            self._definitions[machine] = definition  # not before it is known: others ask at the same time
        return self._definitions[machine]


def _started(event: Mapping[str, Any]) -> Iterator[str]:
    """The execution that an event of a history says was started."""
    for told in (event.get("taskSubmittedEventDetails", {}), event.get("taskSucceededEventDetails", {})):
        output = json.loads(told.get("output") or "{}") if told.get("resourceType") == "states" else None
        if isinstance(output, dict) and (found := output.get("ExecutionArn")):
            yield found
