"""Tools behind the gateway."""

from collections.abc import Mapping
from typing import Any

from septet.aws.lambdas import Client, FunctionFailed, NotInvoked, invoke
from septet.core.errors import CLASSES, ToolTimedOut
from septet.security.calls import ToolBroke, ToolNotRun

_TIMED_OUT = ("Sandbox.Timedout", "Task timed out")


class LambdaTools:
    """Tools as Lambda functions."""

    def __init__(self, prefix: str, client: Client) -> None:
        self._prefix = prefix
        self._client = client

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:
        """What the tool returned, asked once.

        Raises the SeptetError it raised, ToolTimedOut, ToolNotRun when it was refused before it ran, or ToolBroke when its process broke.
        """
        try:
            return invoke(self._client(timeout + 1), f"{self._prefix}{tool}:live", event)
        except NotInvoked as refused:
            raise ToolNotRun(f"{tool} was not called: {refused}", again=refused.again) from refused
        except FunctionFailed as error:
            if error.name in CLASSES:
                raise CLASSES[error.name](error.message) from error
            if any(sign in str(error) for sign in _TIMED_OUT):
                raise ToolTimedOut(f"{tool} did not answer within {timeout} s") from error
            raise ToolBroke(f"{tool} broke: {error.name}") from error
        except OSError as error:
            raise ToolBroke(f"{tool} was not reached, or did not answer") from error
