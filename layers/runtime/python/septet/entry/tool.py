"""A tool's folder as a Lambda function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the platform, and not the model, says of a call."""

    tenant: str
    run: str
    principal: str
    """The authenticated principal on whose behalf the run works."""
    key: str
    """The idempotency key of an effect; empty for a tool without one."""


def serve(tool: Callable[[Mapping[str, Any], Context], Any]) -> Callable[[Mapping[str, Any], object], Any]:
    """The handler that calls *tool* with its arguments (checked by the gateway) and its context."""

    def handler(event: Mapping[str, Any], _: object) -> Any:
        return tool(event["arguments"], Context(**event["context"]))

    return handler
