"""Workflows in memory."""

from collections.abc import Mapping
from threading import Lock
from typing import Any

from septet.integration.ports import ExecutionState


class MemoryWorkflows:
    """A double of the state machines: executions run until a test ends them."""

    def __init__(self) -> None:
        self.inputs: dict[str, Mapping[str, Any]] = {}
        self.traces: dict[str, str] = {}
        self.states: dict[str, ExecutionState] = {}
        self._lock = Lock()

    def start(self, workflow: str, run: str, input: Mapping[str, Any], *, trace: str = "") -> str:  # noqa: A002 -- the word of Step Functions
        """Start the execution unless there is one of that name."""
        execution = self.execution(workflow, run)
        with self._lock:
            self.inputs.setdefault(execution, input)
            self.traces.setdefault(execution, trace)
            self.states.setdefault(execution, ExecutionState(status="running"))
        return execution

    def execution(self, workflow: str, run: str) -> str:
        """The execution's made-up ARN."""
        return f"arn:aws:states:local:000000000000:execution:{workflow}:{run}"

    def state(self, execution: str) -> ExecutionState | None:
        """How the execution stands."""
        return self.states.get(execution)

    def stop(self, execution: str, *, error: str, cause: str, alone: bool = False) -> None:  # noqa: ARG002 -- none starts another
        """Abort the execution while it runs."""
        with self._lock:
            if (found := self.states.get(execution)) and found.status == "running":
                self.states[execution] = ExecutionState(status="stopped", ended_at=found.ended_at or 0, error=error, message=cause)
