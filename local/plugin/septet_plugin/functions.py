"""Repairs of LocalStack's Lambda service: payload limits, log groups, client context, and a race between invocations."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from localstack.aws.api import CommonServiceException
from localstack.aws.api.lambda_ import InvocationType
from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment, InvalidStatusException
from localstack.services.lambda_.invocation.lambda_models import FunctionVersion, InitializationType, Invocation, InvocationResult
from localstack.services.lambda_.invocation.lambda_service import LambdaService

from septet_plugin import repairs
from septet_plugin.executor import ProcessExecutor

_LIMITS: Final = {InvocationType.RequestResponse: 6 * 1024 * 1024, InvocationType.Event: 1024 * 1024}
"""Bytes of a request, "Lambda quotas" in AWS's developer guide."""


def repair() -> None:
    """Put the repairs in place."""
    repairs.put(ExecutionEnvironment.invoke, _tell_executor)
    repairs.put(ExecutionEnvironment.get_log_group_name, _configured_log_group)
    repairs.put(LambdaService.invoke, _limit_payload)
    repairs.put(AssignmentService.get_environment, _assign)


def _tell_executor(
    invoke: Callable[[ExecutionEnvironment, Invocation], InvocationResult], environment: ExecutionEnvironment, invocation: Invocation
) -> InvocationResult:
    if isinstance(environment.runtime_executor, ProcessExecutor):
        environment.runtime_executor.expect(invocation)
    return invoke(environment, invocation)


def _configured_log_group(usual: Callable[[ExecutionEnvironment], str], environment: ExecutionEnvironment) -> str:
    configured = environment.function_version.config.logging_config.get("LogGroup")
    return str(configured or usual(environment))


def _limit_payload(invoke: Callable[..., Any], service: LambdaService, *args: Any, **given: Any) -> Any:
    kind = given.get("invocation_type") or InvocationType.RequestResponse
    payload, limit = given.get("payload") or b"", _LIMITS.get(kind)
    if limit is not None and len(payload) > limit:
        text = f"{len(payload)} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
        raise CommonServiceException("RequestEntityTooLargeException", text, status_code=413)
    if payload:
        _expect_json(payload)
    return invoke(service, *args, **given)


def _expect_json(payload: bytes) -> None:
    try:
        json.loads(payload)
    except ValueError as error:
        text = f"Could not parse request body into json: Could not parse payload into json: {error}"
        raise CommonServiceException("InvalidRequestContentException", text, status_code=400) from error


_assigning: Final = threading.Lock()


@contextlib.contextmanager
def _assign(
    usual: Callable[..., contextlib.AbstractContextManager[ExecutionEnvironment]],
    service: AssignmentService,
    version_manager_id: str,
    function_version: FunctionVersion,
    provisioning_type: InitializationType,
) -> Iterator[ExecutionEnvironment]:
    """Reserve a fresh environment before others can see it; LocalStack does it after, and two invocations may then meet in one."""
    if provisioning_type != InitializationType.on_demand:
        with usual(service, version_manager_id, function_version, provisioning_type) as provisioned:
            yield provisioned
        return
    environment = _reserved(service, version_manager_id) or _started(service, version_manager_id, function_version)
    try:
        yield environment
    except Exception:
        service.stop_environment(environment)
        raise
    with contextlib.suppress(InvalidStatusException):  # its version has been removed meanwhile
        environment.release()


def _reserved(service: AssignmentService, version_manager_id: str) -> ExecutionEnvironment | None:
    with _assigning:
        for environment in list(service.environments[version_manager_id].values()):
            if environment.initialization_type == InitializationType.on_demand:
                with contextlib.suppress(InvalidStatusException):
                    environment.reserve()
                    return environment
    return None


def _started(service: AssignmentService, version_manager_id: str, function_version: FunctionVersion) -> ExecutionEnvironment:
    environment = service.start_environment(version_manager_id, function_version)
    with _assigning:
        environment.reserve()
        service.environments[version_manager_id][environment.id] = environment
    return environment
