"""API Gateway's types: what LocalStack's resource providers leave undone."""

from typing import Any, Final

from septet_plugin.resources import Change, Model, call, patches, text


def stage(change: Change) -> Model:
    """Move a stage to its deployment and settings."""
    operations = patches(change, "DeploymentId", "Description", "TracingEnabled") if change.before else []
    operations += [operation for setting in change.now.get("MethodSettings") or [] for operation in _method_setting(setting)]
    if operations:
        call(change.clients.apigateway, "update_stage", {**change.now, "PatchOperations": operations})
    return {}


_METHOD_SETTINGS: Final = {
    "DataTraceEnabled": "logging/dataTrace",
    "LoggingLevel": "logging/loglevel",
    "MetricsEnabled": "metrics/enabled",
    "ThrottlingBurstLimit": "throttling/burstLimit",
    "ThrottlingRateLimit": "throttling/rateLimit",
}
"""Where UpdateStage has what a template says of methods: "Patch operations" in API Gateway's API reference."""


def _method_setting(setting: dict[str, Any]) -> list[dict[str, str]]:
    resource = setting["ResourcePath"].lstrip("/").replace("/", "~1") or "~1"
    values = {path: setting[name] for name, path in _METHOD_SETTINGS.items() if name in setting}
    return [
        {"op": "replace", "path": f"/{resource}/{setting['HttpMethod']}/{path}", "value": text(value)} for path, value in values.items()
    ]


def nothing(_: Change) -> Model:
    """Leave the resource as its creation made it."""
    return {}


def delete_deployment(change: Change) -> None:
    """Delete a deployment and not, as LocalStack's provider does, every stage of its API."""
    call(change.clients.apigateway, "delete_deployment", change.now)


def rest_api(change: Change) -> Model:
    """Change an API's name and description."""
    operations = patches(change, "Description", "Name") if change.before else []
    if operations:
        change.clients.apigateway.update_rest_api(restApiId=change.now["RestApiId"], patchOperations=operations)
    return {}


def gateway_response(change: Change) -> Model:
    """Set a gateway response anew."""
    if change.before:
        call(change.clients.apigateway, "put_gateway_response", change.now)
    return {}
