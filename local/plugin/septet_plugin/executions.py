"""Repairs of LocalStack's Step Functions: limits, missed heartbeats, executions that are stopped, and those of distributed maps."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from localstack.aws.api import CommonServiceException
from localstack.aws.api.stepfunctions import ExecutionStatus, HistoryEventType, TaskTimedOutEventDetails
from localstack.services.stepfunctions.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import FailureEvent
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from localstack.services.stepfunctions.asl.eval.callback.callback import HeartbeatTimeoutError
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.eval.program_state import ProgramStopped
from localstack.services.stepfunctions.backend.alias import Alias
from localstack.services.stepfunctions.backend.execution import BaseExecutionWorkerCommunication, Execution
from localstack.services.stepfunctions.provider import StepFunctionsProvider

from septet_plugin import repairs

_PAYLOAD_LIMIT: Final = 256 * 1024
"""Bytes of an input or output, "Step Functions service quotas" in AWS's developer guide."""
_HEARTBEAT: Final = StatesErrorName(typ=StatesErrorNameType.StatesHeartbeatTimeout)
_TIMEOUT: Final = StatesErrorName(typ=StatesErrorNameType.StatesTimeout)


def repair() -> None:
    """Put the repairs in place."""
    repairs.put(StepFunctionsProvider.start_execution, _limited("input"))
    repairs.put(StepFunctionsProvider.start_sync_execution, _limited("input"))
    repairs.put(StepFunctionsProvider.send_task_success, _limited("output"))
    repairs.put(StepFunctionsProvider.publish_state_machine_version, _first_revision)
    repairs.put(StateTaskServiceCallback._from_error, _name_missed_heartbeat)  # noqa: SLF001 where an exception gets its name
    repairs.put(ErrorEqualsDecl._eval_body, _match_missed_heartbeat)  # noqa: SLF001 where a Catch or Retry is matched
    repairs.put(StepFunctionsProvider.list_executions, _of_maps)
    repairs.put(Execution.stop, _stop)
    repairs.put(BaseExecutionWorkerCommunication._reflect_execution_status, _keep_end)  # noqa: SLF001 where a program's end is noted
    repairs.put(Environment.set_error, _keep_stopped)
    # StartExecution copies the state machine, and with it the aliases, whose locks cannot be copied.
    Alias.__deepcopy__ = lambda alias, _: alias  # type: ignore[attr-defined] # LocalStack's class has none


def _limited(field: str) -> Callable[..., Any]:
    """Refuse a payload over the limit, as the API's own validation does."""

    def call(operation: Callable[..., Any], provider: StepFunctionsProvider, context: Any, **given: Any) -> Any:
        if len((given.get(field) or "").encode()) > _PAYLOAD_LIMIT:
            text = (
                f"1 validation error detected: Value at '{field}' failed to satisfy constraint: "
                f"Member must have length less than or equal to {_PAYLOAD_LIMIT}"
            )
            raise CommonServiceException("ValidationException", text)
        return operation(provider, context, **given)

    return call


def _first_revision(publish: Callable[..., Any], provider: StepFunctionsProvider, context: Any, **given: Any) -> Any:
    """Take INITIAL for the revision of a state machine that was never updated; LocalStack has no name for it."""
    return publish(provider, context, **{**given, "revision_id": None} if given.get("revision_id") == "INITIAL" else given)


def _of_maps(usual: Callable[..., Any], provider: StepFunctionsProvider, context: Any, *named: Any, **given: Any) -> Any:
    """A distributed map has no executions of its own here, and ends with the execution that it is in: there are none to list."""
    return {"executions": []} if given.get("map_run_arn") else usual(provider, context, *named, **given)


def _name_missed_heartbeat(
    usual: Callable[..., FailureEvent], task: StateTaskServiceCallback, env: Environment, ex: Exception
) -> FailureEvent:
    if not isinstance(ex, HeartbeatTimeoutError):
        return usual(task, env=env, ex=ex)
    details = TaskTimedOutEventDetails(
        resourceType=task._get_sfn_resource_type(),  # noqa: SLF001 as LocalStack's own event has it
        resource=task._get_sfn_resource(),  # noqa: SLF001 the same
        error=_HEARTBEAT.error_name,
    )
    event = EventDetails(taskTimedOutEventDetails=details)
    return FailureEvent(env=env, error_name=_HEARTBEAT, event_type=HistoryEventType.TaskTimedOut, event_details=event)


def _match_missed_heartbeat(usual: Callable[..., None], declared: ErrorEqualsDecl, env: Environment) -> None:
    """States.Timeout matches a missed heartbeat too: "Handling errors in Step Functions workflows", error names."""
    if env.stack[-1] == _HEARTBEAT and _TIMEOUT in declared.error_names:
        env.stack[-1] = _TIMEOUT
    usual(declared, env)


def _stop(usual: Callable[..., None], execution: Execution, stop_date: datetime, error: str | None, cause: str | None) -> None:
    """Let a stopped execution be over at once, and wake what waits in it for a token."""
    usual(execution, stop_date=stop_date, error=error, cause=cause)
    env = execution.exec_worker.env if execution.exec_worker else None
    if execution.exec_status != ExecutionStatus.RUNNING or env is None:
        return
    execution.exec_status = ExecutionStatus.ABORTED
    execution.stop_date = datetime.now(tz=UTC)
    execution.error, execution.cause = error, cause
    for waiting in list(env.callback_pool_manager._pool.values()):  # noqa: SLF001 it has no other way in
        waiting.interrupt_all()


def _keep_end(usual: Callable[..., None], told: BaseExecutionWorkerCommunication) -> None:
    """Leave a stopped execution its end when what it was in the middle of comes back."""
    if told.execution.exec_status != ExecutionStatus.ABORTED:
        usual(told)


def _keep_stopped(usual: Callable[..., None], env: Environment, error: Any) -> None:
    """Do not let what fails because of a stop turn the stop into a failure."""
    if not isinstance(env.program_state(), ProgramStopped):
        usual(env, error=error)
