"""Functions that call functions."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError

Client = Callable[[int], Any]
"""The Lambda client that waits so many seconds for an answer, and asks once: a repeated invocation is the caller's decision."""

PASSING = frozenset(
    {
        "TooManyRequestsException",
        "EC2ThrottledException",
        "EC2UnexpectedException",
        "ENINotReadyException",
        "ResourceConflictException",
        "ResourceNotReadyException",
        "SnapStartNotReadyException",
        "CodeArtifactUserPendingException",
    }
)
"""Errors of Invoke with which Lambda says that it has not begun, and may begin in a moment."""
LASTING = frozenset(
    {
        "AccessDeniedException",
        "CodeArtifactUserDeletedException",
        "CodeArtifactUserFailedException",
        "EC2AccessDeniedException",
        "ENILimitReachedException",
        "ExpiredTokenException",
        "InvalidParameterValueException",
        "InvalidRequestContentException",
        "InvalidRuntimeException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "ModeNotSupportedException",
        "NoPublishedVersionException",
        "RecursiveInvocationException",
        "RequestTooLargeException",
        "ResourceNotFoundException",
        "RuntimeAliasDeletedException",
        "RuntimeVersionDeletedException",
        "SerializedRequestEntityTooLargeException",
        "ServiceQuotaExceededException",
        "SubnetIPAddressLimitReachedException",
        "UnrecognizedClientException",
        "UnsupportedMediaTypeException",
    }
)
"""Errors of Invoke with which Lambda says that it has not begun, and will not as things stand.

Neither list has what may come after a function's code has begun, or might: ``ServiceException``, file systems, hooks of a snapshot.
Names and meanings: the service model of Lambda's ``Invoke`` in botocore.
"""
NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
"""Errors of the client that never had a connection."""


class FunctionFailed(Exception):  # noqa: N818 -- carries a function's own error, by name
    """A function ended with an error; ``name`` and ``message`` are its own. A service's error that proves nothing comes so as well."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


class NotInvoked(Exception):  # noqa: N818 -- says what happened
    """The function was provably not begun; ``again`` says whether it may be in a moment."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again


def invoke(client: Any, function: str, event: Mapping[str, Any]) -> Any:
    """What *function* (name with its alias) returned.

    Raises FunctionFailed, NotInvoked when none of its code ran, or OSError when it did not answer and nobody knows.
    """
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        body = answer["Payload"].read()
    except ClientError as error:
        raise _said(error) from error
    except NOT_SENT as error:
        raise NotInvoked(f"{function} was not reached: {type(error).__name__}", again=True) from error
    except BotoCoreError as error:
        raise OSError(f"{function}: {error}") from error
    try:
        payload = json.loads(body or b"null")
    except (ValueError, RecursionError) as error:
        raise FunctionFailed("Unreadable", f"its answer is no JSON: {error}") from error
    if "FunctionError" in answer:
        told = payload if isinstance(payload, dict) else {}
        raise FunctionFailed(str(told.get("errorType", "")), str(told.get("errorMessage", "")))
    return payload


def _said(error: ClientError) -> Exception:
    """What the service's own *error* means."""
    code = error.response.get("Error", {}).get("Code", "")
    if code in PASSING | LASTING:
        return NotInvoked(f"{code}: nothing was begun", again=code in PASSING)
    return FunctionFailed(code, str(error))
