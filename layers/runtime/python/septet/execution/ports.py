"""What the driver needs from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from septet.core.entries import Entry, ToolCall
from septet.core.journal import Branch, Head
from septet.core.money import Usage
from septet.execution.agents import ModelSpec, ToolSpec

Message = Mapping[str, Any]
"""``{"role": "user" | "assistant", "content": [block, …]}``.

A block is ``{"text"}``, ``{"call": ToolCall}`` or ``{"result": {"id", "value" | "error"}}``.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRequest:
    """One model call, in no provider's words."""

    model: ModelSpec
    system: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec]
    metadata: Mapping[str, str]
    """Who asks: agent, turn, run and step; for the provider's invocation log, never for the model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What a model answered."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    stop: str = "end"
    """``end``, ``tools``, ``truncated`` or ``refused``."""
    usage: Usage = field(default_factory=Usage)


class Model(Protocol):
    """Any model."""

    def complete(self, request: ModelRequest) -> Reply:
        """The model's reply. Raises ModelThrottled, ModelUnavailable, ModelRefused or ContextOverflow."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayRequest:
    """All tool calls of one reply."""

    branch: Branch
    head: Head
    agent: str
    turn: str
    bundle: str
    calls: Sequence[ToolCall]


class GatewayBroke(Exception):  # noqa: N818 -- says what happened; it is no failure of the turn: the driver reads the journal and goes on
    """The gateway ended without an answer; what it had done is in the journal."""


class ToolGateway(Protocol):
    """The way to tools."""

    def call(self, request: GatewayRequest) -> list[Entry]:
        """The entries the gateway appended. Raises Fenced, or GatewayBroke when its process did."""
        ...
