"""The gateway behind agents."""

from typing import Any

from septet.aws.lambdas import Client, FunctionFailed, invoke
from septet.core.entries import Entry
from septet.core.errors import Fenced, InputRejected
from septet.core.journal import from_json
from septet.execution.ports import GatewayBroke, GatewayRequest

GATEWAY_SECONDS = 120
"""What the agent waits for the gateway's answer: longer than the gateway may run."""


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
