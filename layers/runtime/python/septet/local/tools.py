"""Tools as handlers in this process."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from septet.core.errors import SeptetError
from septet.security.calls import ToolBroke

Handler = Callable[[Any, object], Any]
"""As a tool's folder has it: the event ``{"arguments", "context"}`` in, the result out."""


class FunctionTools:
    """A double of the tools: what goes in and comes out passes through JSON, as on the wire. Deadlines are not kept."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def call(self, tool: str, event: Mapping[str, Any], *, timeout: int) -> Any:  # noqa: ARG002 -- nothing here is interrupted
        """What the handler returned. Raises the SeptetError it raised, or ToolBroke for any other error."""
        if tool not in self._handlers:
            raise ToolBroke(f"{tool} broke: there is no such function")
        try:
            value = self._handlers[tool](json.loads(json.dumps(event)), None)
        except SeptetError:
            raise
        except Exception as error:
            raise ToolBroke(f"{tool} broke: {type(error).__name__}") from error
        return json.loads(json.dumps(value))
