"""Lambda's types: what LocalStack's resource providers leave undone."""

import time
from typing import Any, Final

from localstack.services.lambda_.resource_providers.aws_lambda_function import _get_lambda_code_param

from septet_plugin.resources import Change, Model, call

UPDATES: Final = (
    "Architectures Code DeadLetterConfig Description Environment EphemeralStorage Handler Layers LoggingConfig MemorySize "
    "ReservedConcurrentExecutions Role Runtime Timeout TracingConfig"
)
_STEP: Final = 0.02
_EMPTY: Final[dict[str, Any]] = {"Description": "", "Environment": {"Variables": {}}, "Layers": []}
"""What a property becomes that the template no longer has."""


def function(change: Change) -> Model:
    """Change code and configuration where they changed, and set the reserved concurrency, which LocalStack's provider drops."""
    lambda_, name = change.clients.lambda_, change.now["FunctionName"]
    if change.before:
        if change.changed("Code") or change.changed("Architectures"):
            code = _get_lambda_code_param(dict(change.now), _include_arch=True)  # type: ignore[arg-type] # a TypedDict of the same
            lambda_.update_function_code(FunctionName=name, **code)
            _wait(lambda_, name)
        if any(change.changed(property_) for property_ in set(UPDATES.split()) - {"Architectures", "Code", "ReservedConcurrentExecutions"}):
            environment = change.now.get("Environment", {}).get("Variables") or {}
            variables = {"Environment": {"Variables": {key: str(value) for key, value in environment.items()}}}
            call(lambda_, "update_function_configuration", {**_EMPTY, **change.now, **variables})
            _wait(lambda_, name)
    reserved = change.now.get("ReservedConcurrentExecutions")
    if reserved is not None:
        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))
    elif change.before and change.changed("ReservedConcurrentExecutions"):
        lambda_.delete_function_concurrency(FunctionName=name)
    return {}


def _wait(lambda_: Any, name: str) -> None:
    """Wait for an update, of whose end nothing tells; LocalStack's own provider asks once a second."""
    while (found := lambda_.get_function_configuration(FunctionName=name))["LastUpdateStatus"] == "InProgress":
        time.sleep(_STEP)
    if found["LastUpdateStatus"] == "Failed":
        raise RuntimeError(f"Function {name}: {found.get('LastUpdateStatusReason')}")


def alias(change: Change) -> Model:
    """Move an alias to its version, with weights in the spelling of Lambda's API."""
    if change.before is None and not change.now.get("RoutingConfig"):
        return {}
    weights = (change.now.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
    routing = {"AdditionalVersionWeights": {weight["FunctionVersion"]: float(weight["FunctionWeight"]) for weight in weights}}
    call(change.clients.lambda_, "update_alias", {"Description": "", **change.now, "RoutingConfig": routing})
    return {}


def event_invoke_config(change: Change) -> Model:
    """Set a function's configuration of asynchronous invocations anew."""
    if change.before:
        call(change.clients.lambda_, "put_function_event_invoke_config", change.now)
    return {}
