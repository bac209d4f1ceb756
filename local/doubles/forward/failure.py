"""What a chat server's failure is called on Bedrock. Pure."""

import json
from http import HTTPStatus

from local.doubles.answer import ModelError

_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: "AccessDeniedException",
    HTTPStatus.FORBIDDEN: "AccessDeniedException",
    HTTPStatus.NOT_FOUND: "ResourceNotFoundException",
    HTTPStatus.REQUEST_TIMEOUT: "ModelTimeoutException",
    HTTPStatus.TOO_MANY_REQUESTS: "ThrottlingException",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailableException",
    HTTPStatus.GATEWAY_TIMEOUT: "ModelTimeoutException",
}
_OVERLOADED = 529
"""Not registered, but used by several vendors."""
_TOO_LONG = ("context length", "context_length", "context window", "maximum context", "too long", "n_ctx", "exceed_context")
_LONGEST = 500


def failure(status: int, body: str) -> ModelError:
    """Name the failure of an answer that is no 200."""
    told = _message(body)
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and any(sign in body.lower() for sign in _TOO_LONG):
        return ModelError(
            "ValidationException", f"Input is too long for requested model. The model server says: {told}", outcome="context_overflow"
        )
    name = _BY_STATUS.get(HTTPStatus(status)) if status in HTTPStatus else None
    if name is None and status == _OVERLOADED:
        name = "ServiceUnavailableException"
    if name is None:
        name = "InternalServerException" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "ValidationException"
    return ModelError(name, f"The model server answered {status}: {told}")


def _message(body: str) -> str:
    """Find the sentence in an error body: OpenAI's {"error": {"message"}}, Ollama's {"error": "…"}, older vLLM's {"message"}."""
    try:
        parsed = json.loads(body)
        inner = parsed.get("error", parsed)
        told = inner if isinstance(inner, str) else inner.get("message", body)
    except (ValueError, AttributeError):
        told = body
    return str(told)[:_LONGEST]
