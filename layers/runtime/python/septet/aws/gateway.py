"""The gateway behind agents."""

from typing import Any

from septet.aws.lambdas import Client, FunctionFailed, NotInvoked, invoke
from septet.core.entries import Entry
from septet.core.errors import CLASSES, AgentStopped, Fenced, InputRejected, RunCancelled, RunStopped
from septet.core.journal import from_json
from septet.execution.ports import AnsweredInJournal, GatewayBroke, GatewayRequest

GATEWAY_SECONDS = 120
"""What the agent waits for the gateway's answer: longer than the gateway may run."""
OWN = frozenset(error.__name__ for error in (Fenced, InputRejected, RunStopped, AgentStopped, RunCancelled))
"""Errors by which the gateway refuses a request."""


class LambdaGateway:
    """The gateway as a Lambda function, called by the agent's own alias."""

    def __init__(self, function: str, client: Client) -> None:
        self._function = function
        self._client = client

    def call(self, request: GatewayRequest) -> list[Entry]:
        """The entries the gateway appended.

        Raises as it did Fenced, InputRejected, RunStopped, RunCancelled or AgentStopped, AnsweredInJournal when they are too large for an
        answer, GatewayBroke when its process broke.
        """
        try:
            answer = invoke(self._client(GATEWAY_SECONDS), self._function, to_event(request))
        except FunctionFailed as error:
            if error.name in OWN:
                raise CLASSES[error.name](error.message) from error
            raise GatewayBroke(str(error)) from error
        except (NotInvoked, OSError) as error:
            raise GatewayBroke(str(error)) from error
        try:
            entries = [from_json(entry) for entry in answer["entries"]]
        except (LookupError, TypeError, ValueError) as error:
            raise GatewayBroke(f"its answer holds no entries: {type(error).__name__}") from error
        if answer.get("read"):
            raise AnsweredInJournal("what it did is too large for an answer")
        return entries


def to_event(request: GatewayRequest) -> dict[str, Any]:
    """*request* as the gateway's event; who asks is no part of it: the gateway is told by the alias."""
    branch = request.branch
    return {
        "branch": {"tenant": branch.tenant, "run": branch.run, "path": branch.path},
        "head": {"number": request.head.number, "hash": request.head.hash},
        "turn": request.turn,
        "bundle": request.bundle,
        "calls": [{"id": call.id, "tool": call.tool, "arguments": call.arguments} for call in request.calls],
        "pins": dict(request.pins),
        "on_behalf_of": list(request.on_behalf_of),
    }
