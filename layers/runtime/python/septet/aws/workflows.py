"""State machines behind the workflows port."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from septet.core.runs import ENDED
from septet.integration.ports import ExecutionState
from septet.orchestration.closing import cause


class StepFunctionsWorkflows:
    """Workflows as Step Functions state machines; an execution bears its run's name, so a run cannot start twice."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def start(self, workflow: str, run: str, input: Mapping[str, Any]) -> str:  # noqa: A002 -- the word of Step Functions
        """Start the execution named *run* unless there is one of that name, and return its ARN."""
        with suppress(self._client.exceptions.ExecutionAlreadyExists):
            self._client.start_execution(stateMachineArn=f"{self._prefix}{workflow}", name=run, input=json.dumps(dict(input)))
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
