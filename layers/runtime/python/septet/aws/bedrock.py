"""Amazon Bedrock's Converse and ConverseStream behind the model port."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    EventStreamError,
    NoCredentialsError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from septet.aws.answers import AnswerTooLarge
from septet.aws.converse import reply, wire
from septet.aws.converse_stream import accumulate
from septet.core.errors import ContextOverflow, ModelRefused, ModelThrottled, ModelUnavailable, SeptetError
from septet.execution.ports import ModelRequest, Reply, unbilled
from septet.execution.reports import too_long

CLASSES: dict[str, type[SeptetError]] = {
    "AccessDeniedException": ModelUnavailable,
    "GuardrailInterventionException": ModelRefused,
    "InternalServerException": ModelUnavailable,
    "ModelErrorException": ModelUnavailable,
    "ModelNotReadyException": ModelThrottled,
    "ModelStreamErrorException": ModelUnavailable,
    "ModelTimeoutException": ModelUnavailable,
    "ResourceNotFoundException": ModelUnavailable,
    "ServiceQuotaExceededException": ModelThrottled,
    "ServiceUnavailableException": ModelUnavailable,
    "ThrottlingException": ModelThrottled,
    "TooManyRequestsException": ModelThrottled,
    "ValidationException": ModelUnavailable,
}
"""By the Converse and ConverseStream API references; a ValidationException may also be an overflow. Any other is ModelUnavailable."""
UNBILLED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "ModelNotReadyException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ThrottlingException",
        "TooManyRequestsException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""Codes of requests that were refused before a model saw them. The rest (5xx, timeouts, what a model or guardrail did) may be charged."""
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ParamValidationError)


class BedrockModel:
    """Any model that Bedrock serves."""

    def __init__(self, clients: Callable[[str], Any]) -> None:
        """*clients* gives the client of a region, or of the function's own for an empty text; it tries once and bounds what it reads."""
        self._clients = clients

    def complete(self, request: ModelRequest) -> Reply:
        """The model's reply. Raises ModelThrottled, ModelUnavailable, ModelRefused or ContextOverflow."""
        try:
            client = self._clients(request.model.region)
            if "streaming" not in request.model.capabilities:
                return reply(client.converse(**wire(request)))
            return _streamed(client.converse_stream(**wire(request))["stream"], time.monotonic() + request.seconds)
        except EventStreamError as error:
            code = _code(error)
            # Inside a stream names begin with a small letter, and the model has been at work: whatever it is, it may be charged.
            raise classify(code[:1].upper() + code[1:], str(error), begun=True) from error
        except ClientError as error:
            raise classify(_code(error), str(error)) from error
        except _NEVER_SENT as error:
            raise unbilled(ModelUnavailable(f"{request.model.id} was not called: {error}")) from error
        except (BotoCoreError, HTTPError, OSError) as error:
            raise ModelUnavailable(f"{request.model.id} could not be reached: {error}") from error
        except (AnswerTooLarge, ResponseParserError, LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise ModelUnavailable(f"{request.model.id} answered with what is no reply: {type(error).__name__}") from error


def classify(code: str, message: str, *, begun: bool = False) -> SeptetError:
    """The named error for a Bedrock error *code*; marked as not billed unless the model may have *begun*."""
    kind = CLASSES.get(code, ModelUnavailable)
    if code == "ValidationException" and too_long(message):
        kind = ContextOverflow
    return unbilled(kind(message)) if code in UNBILLED and not begun else kind(message)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _streamed(stream: Any, until: float) -> Reply:
    try:
        return accumulate(_before(stream, until))
    finally:
        stream.close()


def _before(events: Any, until: float) -> Iterator[Mapping[str, Any]]:
    """*events* as long as there is time; nobody waits for them afterwards."""
    for event in events:
        if time.monotonic() > until:
            raise ModelUnavailable("the stream went on for longer than there was time")
        yield event
