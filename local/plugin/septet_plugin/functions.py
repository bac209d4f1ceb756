"""Repairs of LocalStack's Lambda service: payload limits, log groups, client context."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, override

from localstack.aws.api import CommonServiceException
from localstack.aws.api.lambda_ import InvocationType
from localstack.services.lambda_.invocation.assignment import AssignmentService
from localstack.services.lambda_.invocation.execution_environment import ExecutionEnvironment
from localstack.services.lambda_.invocation.lambda_models import AliasRoutingConfig, FunctionVersion, Invocation, InvocationResult
from localstack.services.lambda_.invocation.lambda_service import LambdaService
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.services.lambda_.provider import LambdaProvider
from localstack.utils import testutil

from septet_plugin import repairs
from septet_plugin.executor import ProcessExecutor

_LIMITS: Final = {InvocationType.RequestResponse: 6 * 1024 * 1024, InvocationType.Event: 1024 * 1024}
"""Bytes of a request, "Lambda quotas" in AWS's developer guide."""


def repair() -> None:
    """Put the repairs in place."""
    repairs.put(ExecutionEnvironment.invoke, _tell_executor)
    repairs.put(ExecutionEnvironment.get_log_group_name, _configured_log_group)
    repairs.put(LambdaService.invoke, _limit_payload)
    repairs.put(AssignmentService.__init__, _let_environments_begin_meanwhile)
    repairs.put(LambdaProvider._create_routing_config_model, _take_weights)  # noqa: SLF001 where UpdateAlias fails
    # On Debian a template's inline code would be packed by a program zip that may be absent.
    testutil.is_debian = lambda: False  # type: ignore[assignment, attr-defined] # LocalStack caches the answer


def deployed() -> frozenset[str]:
    """The names of all functions there are."""
    return frozenset(name for _, _, store in lambda_stores.iter_stores() for name in store.functions)


class _Environments(dict[str, Any]):
    """Whoever goes through those there are is not disturbed by one that begins: the invocation would fail."""

    @override
    def values(self) -> Any:
        return [*super().values()]


def _let_environments_begin_meanwhile(make: Callable[[AssignmentService], None], service: AssignmentService) -> None:
    make(service)
    service.environments = defaultdict(_Environments)


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


def _take_weights(
    usual: Callable[..., AliasRoutingConfig], provider: LambdaProvider, weights: dict[str, float], version: FunctionVersion | None = None
) -> AliasRoutingConfig:
    """Take the weights of UpdateAlias, which LocalStack hands over without the version it then asks for."""
    return usual(provider, weights, version) if version else AliasRoutingConfig(version_weights=weights)
