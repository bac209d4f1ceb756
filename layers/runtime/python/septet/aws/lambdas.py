"""Functions that call functions: tools behind the gateway, the gateway behind agents."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from septet.core.entries import Entry
from septet.core.errors import CLASSES, Fenced, InputRejected, ToolTimedOut
from septet.core.journal import from_json
from septet.execution.ports import GatewayBroke, GatewayRequest
from septet.security.calls import ToolBroke

GATEWAY_SECONDS = 120
"""What the agent waits for the gateway's answer: longer than the gateway may run."""
Client = Callable[[int], Any]
"""The Lambda client that waits so many seconds for an answer, and asks once: a repeated invocation is the caller's decision."""
_TIMED_OUT = ("Sandbox.Timedout", "Task timed out")


class FunctionFailed(Exception):  # noqa: N818 -- carries a function's own error, by name
    """A function ended with an error; ``name`` and ``message`` are its own."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


def invoke(client: Any, function: str, event: Mapping[str, Any]) -> Any:
    """What *function* (name with its alias) returned. Raises FunctionFailed, or OSError when it was not reached or did not answer."""
    try:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        body = answer["Payload"].read()
    except ClientError as error:
        raise FunctionFailed(error.response.get("Error", {}).get("Code", ""), str(error)) from error
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


class LambdaTools:
    """Tools as Lambda functions."""

    def __init__(self, prefix: str, client: Client) -> None:
        self._prefix = prefix
        self._client = client

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:
        """What the tool returned. Raises the SeptetError it raised, ToolTimedOut, or ToolBroke when its process broke."""
        try:
            return invoke(self._client(timeout + 1), f"{self._prefix}{tool}:live", event)
        except FunctionFailed as error:
            if error.name in CLASSES:
                raise CLASSES[error.name](error.message) from error
            if any(sign in str(error) for sign in _TIMED_OUT):
                raise ToolTimedOut(f"{tool} did not answer within {timeout} s") from error
            raise ToolBroke(f"{tool} broke: {error.name}") from error
        except OSError as error:
            raise ToolBroke(f"{tool} was not reached, or did not answer") from error


class LambdaGateway:
    """The gateway as a Lambda function."""

    def __init__(self, function: str, client: Client) -> None:
        self._function = function
        self._client = client

    def call(self, request: GatewayRequest) -> list[Entry]:
        """The entries the gateway appended. Raises Fenced or InputRejected as it did, GatewayBroke when its process broke."""
        try:
            answer = invoke(self._client(GATEWAY_SECONDS), self._function, to_event(request))
        except FunctionFailed as error:
            if error.name == Fenced.__name__:
                raise Fenced(error.message) from error
            if error.name == InputRejected.__name__:
                raise InputRejected(error.message) from error
            raise GatewayBroke(str(error)) from error
        except OSError as error:
            raise GatewayBroke(str(error)) from error
        try:
            return [from_json(entry) for entry in answer["entries"]]
        except (LookupError, TypeError, ValueError) as error:
            raise GatewayBroke(f"its answer holds no entries: {type(error).__name__}") from error


def to_event(request: GatewayRequest) -> dict[str, Any]:
    """*request* as the gateway's event."""
    branch = request.branch
    return {
        "branch": {"tenant": branch.tenant, "run": branch.run, "path": branch.path},
        "head": {"number": request.head.number, "hash": request.head.hash},
        "agent": request.agent,
        "turn": request.turn,
        "bundle": request.bundle,
        "calls": [{"id": call.id, "tool": call.tool, "arguments": call.arguments} for call in request.calls],
    }
