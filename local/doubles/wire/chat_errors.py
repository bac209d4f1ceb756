"""Errors of OpenAI-compatible servers and of SageMaker endpoints that hold one.

OpenAI API reference, "Error codes", and what vLLM answers; SageMaker Runtime, InvokeEndpoint and "Common errors".
"""

import json
from typing import Any

from local.doubles.answer import ModelError

_OPENAI = {
    "ThrottlingException": (429, "requests", "rate_limit_exceeded"),
    "ModelNotReadyException": (503, "server_error", "model_not_ready"),
    "ServiceUnavailableException": (503, "server_error", None),
    "InternalServerException": (500, "server_error", None),
    "ModelTimeoutException": (504, "server_error", "timeout"),
    "ModelErrorException": (500, "server_error", None),
    "ModelStreamErrorException": (500, "server_error", None),
    "ValidationException": (400, "invalid_request_error", None),
    "AccessDeniedException": (403, "invalid_request_error", "model_not_allowed"),
    "ResourceNotFoundException": (404, "invalid_request_error", "model_not_found"),
}
"""HTTP status, type and code by the name that Bedrock gives the same failure."""
_SAGEMAKER = {
    "ThrottlingException": ("ThrottlingException", 400),
    "ModelNotReadyException": ("ModelNotReadyException", 429),
    "ServiceUnavailableException": ("ServiceUnavailable", 503),
    "InternalServerException": ("InternalFailure", 500),
    "AccessDeniedException": ("AccessDeniedException", 403),
    "ResourceNotFoundException": ("ValidationError", 400),
}
"""SageMaker's own failures: name and status. Every other is the container's, and arrives inside a ModelError."""
_MODEL_ERROR = 424
_NO_ANSWER = 0
"""The container's status where it gave none in time."""
_BAD_REQUEST, _SERVER_ERROR = 400, 500


def openai_error(error: ModelError) -> tuple[int, dict[str, Any]]:
    """Give the status and the error object."""
    status, kind, code = _OPENAI[error.name]
    if error.outcome == "context_overflow":
        code = "context_length_exceeded"
    return status, {"error": {"message": error.message, "type": kind, "param": None, "code": code}}


def sagemaker_error(error: ModelError) -> tuple[str, int, dict[str, Any]]:
    """Give the exception's name, its status and its members."""
    if error.name in _SAGEMAKER:
        name, status = _SAGEMAKER[error.name]
        return name, status, {"Message": error.message}
    original, said = _of_container(error)
    side = "client" if original == _BAD_REQUEST else "server"
    message = (
        f'Received {side} error ({original}) from primary with message "{said}". This is a test double: there is no log of a container.'
    )
    return "ModelError", _MODEL_ERROR, {"Message": message, "OriginalStatusCode": original, "OriginalMessage": said, "LogStreamArn": ""}


def _of_container(error: ModelError) -> tuple[int, str]:
    """Give the container's status and body: vLLM's, whose codes are statuses."""
    if error.name == "ModelTimeoutException":
        return _NO_ANSWER, error.message
    status, kind = (_BAD_REQUEST, "BadRequestError") if error.name == "ValidationException" else (_SERVER_ERROR, "InternalServerError")
    return status, json.dumps({"error": {"message": error.message, "type": kind, "param": None, "code": status}})
