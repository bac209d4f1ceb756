"""Workflows in memory."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from septet.integration.ports import ExecutionState


class MemoryWorkflows:
    """A double of the state machines: executions run until a test ends them."""

    def __init__(self) -> None:
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.states: dict[str, ExecutionState] = {}
        self._lock = Lock()

    def start(self, workflow: str, run: str, input: Mapping[str, Any]) -> str:  # noqa: A002 -- the word of Step Functions
        """Start the execution unless there is one of that name."""
        execution = self.execution(workflow, run)
        with self._lock:
            self.inputs.setdefault(execution, input)
            self.states.setdefault(execution, ExecutionState(status="running"))
        return execution

    def execution(self, workflow: str, run: str) -> str:
        """The execution's made-up ARN."""
        return f"arn:aws:states:local:000000000000:execution:{workflow}:{run}"

    def state(self, execution: str) -> ExecutionState | None:
        """How the execution stands."""
        return self.states.get(execution)
