"""The gateway as the step that undoes reaches it: by an alias of its own."""

from typing import Any

from septet.aws.lambdas import Client, FunctionFailed, NotInvoked, invoke
from septet.core.errors import CLASSES, ToolFailed

SECONDS = 120
"""What the step waits for the gateway's answer: longer than the gateway may run."""
ALIAS = "step-compensate"


class LambdaUndoer:
    """The gateway's function."""

    def __init__(self, function: str, client: Client) -> None:
        self._function = function
        self._client = client

    def undo(self, tenant: str, run: str) -> dict[str, Any]:
        """How far undoing *run* is. Raises the error of the gateway's own, or ToolFailed when its process broke: asking again goes on."""
        try:
            answer = invoke(self._client(SECONDS), f"{self._function}:{ALIAS}", {"tenant": tenant, "run": run})
        except FunctionFailed as error:
            raise CLASSES.get(error.name, ToolFailed)(error.message) from error
        except (NotInvoked, OSError) as error:
            raise ToolFailed(f"the gateway was not reached: {error}") from error
        return {name: answer[name] for name in ("outcome", "undone", "named")}
