"""Writes down every AWS call that one of our roles makes: functions and state machines, by the credentials that they sign with.

LocalStack enforces no IAM; the record shows what each role would have needed. It is always on, for it costs little (docs/twin.md).
"""

import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from localstack.aws import handlers
from localstack.aws.api import RequestContext
from localstack.utils.aws.request_context import extract_access_key_id_from_auth_header

from septet_plugin.recording import Recording, about

LOG: Final = logging.getLogger(__name__)
_OURS: Final = ":role/septet/"
"""In the ARN of every role of the platform."""
RECORDING: Final = Recording(Path(os.environ.get("SEPTET_TWIN_HOME") or tempfile.gettempdir()) / "recording" / "localstack.jsonl")
_ROLES: Final[dict[str, str]] = {}
"""A role's ARN by the access key id that was given out for it."""


def listen() -> None:
    """Hear of every request, and of every role that is assumed."""
    handlers.serve_custom_service_request_handlers.append(_asked)
    handlers.run_custom_response_handlers.append(_assumed)


def _asked(chain: Any, context: RequestContext, response: Any) -> None:  # noqa: ARG001 LocalStack's signature
    key = extract_access_key_id_from_auth_header(dict(context.request.headers))
    role = _ROLES.get(key or "")
    if not role or not context.service or not context.operation:
        return
    service, operation = context.service.service_name, context.operation.name
    try:
        line = {"role": role, "service": service, "operation": operation}
        request = context.service_request or {}
        RECORDING.write({**line, "about": about(service, request, operation, lambda table: _schema(context, table))})
    except Exception:
        LOG.exception("a call was not recorded: %s %s", service, operation)
        RECORDING.write({"lost": f"{service} {operation}"})


def _assumed(chain: Any, context: RequestContext, response: Any) -> None:  # noqa: ARG001 as above
    if context.operation is None or context.operation.name != "AssumeRole" or not context.service_response:
        return
    asked: Mapping[str, Any] = context.service_request or {}
    given: Mapping[str, Any] = context.service_response
    if _OURS in (role := str(asked.get("RoleArn", ""))):
        key = given["Credentials"]["AccessKeyId"]
        _ROLES[key] = role
        RECORDING.write({"key": key, "role": role})


def _schema(context: RequestContext, table: str) -> Mapping[str, str]:
    from moto.dynamodb.models import dynamodb_backends  # noqa: PLC0415 importing it takes a while, and the first table brings it anyway

    found: Any = dynamodb_backends[context.account_id][context.region].tables[table]
    hashes = {index.name: key["AttributeName"] for index in found.global_indexes for key in index.schema if key["KeyType"] == "HASH"}
    return {"": found.hash_key_attr, **hashes}
