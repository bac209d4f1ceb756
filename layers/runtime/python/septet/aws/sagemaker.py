"""A SageMaker endpoint that holds an OpenAI-compatible server (LMI or vLLM) behind the model port."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from septet.aws.answers import AnswerTooLarge
from septet.core.errors import ContextOverflow, ModelThrottled, ModelUnavailable, SeptetError
from septet.execution import chat
from septet.execution.ports import ModelRequest, Reply, unbilled
from septet.execution.reports import too_long

CLASSES: dict[str, type[SeptetError]] = {
    "AccessDeniedException": ModelUnavailable,
    "InternalDependencyException": ModelUnavailable,
    "InternalFailure": ModelUnavailable,
    "ModelError": ModelUnavailable,
    "ModelNotReadyException": ModelThrottled,
    "ServiceUnavailable": ModelUnavailable,
    "ThrottlingException": ModelThrottled,
    "ValidationError": ModelUnavailable,
}
"""By the InvokeEndpoint API reference; a ModelError is what the container answered. Any other is ModelUnavailable."""
UNBILLED = frozenset({"AccessDeniedException", "ModelNotReadyException", "ThrottlingException", "ValidationError"})
"""Codes of requests that did not reach the container."""
_NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ParamValidationError)


class SageMakerModel:
    """Any endpoint that takes chat completions."""

    def __init__(self, clients: Callable[[str], Any]) -> None:
        """*clients* gives the client of a region, or of the function's own for an empty text; it tries once and bounds what it reads."""
        self._clients = clients

    def complete(self, request: ModelRequest) -> Reply:
        """The model's reply. Raises ModelThrottled, ModelUnavailable, ModelRefused or ContextOverflow."""
        endpoint = request.model.endpoint
        try:
            answer = self._clients(request.model.region).invoke_endpoint(
                EndpointName=endpoint, ContentType="application/json", Accept="application/json", Body=chat.body(request)
            )
            with closing(answer["Body"]) as body:
                return chat.reply(body.read())
        except ClientError as error:
            raise classify(error) from error
        except _NEVER_SENT as error:
            raise unbilled(ModelUnavailable(f"{endpoint} was not called: {error}")) from error
        except (BotoCoreError, HTTPError, OSError) as error:
            raise ModelUnavailable(f"{endpoint} could not be reached: {error}") from error
        except (AnswerTooLarge, ResponseParserError) as error:
            raise ModelUnavailable(f"{endpoint} answered with what is no reply: {type(error).__name__}") from error


def classify(error: ClientError) -> SeptetError:
    """The named error; a container's own is told from the status and the text that it answered."""
    code, message = str(error.response.get("Error", {}).get("Code", "")), str(error)
    original = error.response.get("OriginalStatusCode")
    if code == "ModelError" and isinstance(original, int) and original:
        return chat.failure(original, str(error.response.get("OriginalMessage", message)))
    kind = CLASSES.get(code, ModelUnavailable)
    if code == "ValidationError" and too_long(message):
        kind = ContextOverflow
    return unbilled(kind(message)) if code in UNBILLED else kind(message)
