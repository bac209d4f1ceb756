"""What the driver needs from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from septet.core.entries import Entry, ToolCall
from septet.core.errors import SeptetError
from septet.core.frozen import frozen
from septet.core.journal import Branch, Head
from septet.core.money import Usage
from septet.execution.agents import ModelSpec, ToolSpec

Message = Mapping[str, Any]
"""``{"role": "user" | "assistant", "content": [block, …]}``.

A block is ``{"text"}``, ``{"call": ToolCall}`` or ``{"result": {"id", "value" | "error"}}``.
"""


@frozen
class ModelRequest:
    """One model call, in no provider's words."""

    model: ModelSpec
    system: str
    messages: Sequence[Message]
    tools: Sequence[ToolSpec]
    max_output: int
    """Tokens the reply may have."""
    seconds: int
    """How long the model may take."""
    metadata: Mapping[str, str]
    """Who asks: agent, turn, run and step; for the provider's invocation log, never for the model."""
    traceparent: str = ""
    """Where the call stands in its trace, as W3C has it, for a server that goes on with it; empty for others."""


@frozen
class Reply:
    """What a model answered."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    stop: str = "end"
    """``end``, ``tools``, ``truncated`` or ``refused``."""
    usage: Usage = field(default_factory=Usage)
    usage_known: bool = True
    """Whether the provider reported its usage in figures that can be read."""


class Model(Protocol):
    """Any model."""

    def complete(self, request: ModelRequest) -> Reply:
        """The model's reply. Raises ModelThrottled, ModelUnavailable, ModelRefused or ContextOverflow.

        The error's ``billed`` is False when the provider provably charges nothing for the call (``unbilled`` says so).
        """
        ...


def unbilled[E: SeptetError](error: E) -> E:
    """*error*, marked as one for which the provider charges nothing: the call was refused before any work was done."""
    error.billed = False
    return error


class Health(Protocol):
    """What is known of the models' health, shared by all functions."""

    def sick(self, models: Sequence[ModelSpec]) -> frozenset[str]:
        """The ids of those *models* that are not to be called now. Looking changes nothing."""
        ...

    def admit(self, model: ModelSpec) -> bool:
        """Whether this process may call *model* now, asked when it is about to: one that was sick is tried by one process at a time."""
        ...

    def report(self, model: ModelSpec, *, well: bool) -> None:
        """Note how a call went. Never raises: a breaker that cannot be written must not stop a turn."""
        ...


class Cache(Protocol):
    """Exact repetitions of requests, and how they were answered."""

    def get(self, tenant: str, key: str, *, now: int) -> Reply | None:
        """The reply to an equal request; None when there is none, it is too old by *now*, or it cannot be read."""
        ...

    def put(self, tenant: str, key: str, reply: Reply, *, until: int) -> None:
        """Keep *reply* until *until* (milliseconds since the epoch). Never raises: a cache that cannot be written is slow, not broken."""
        ...


@frozen
class GatewayRequest:
    """All tool calls of one reply."""

    branch: Branch
    head: Head
    agent: str
    turn: str
    bundle: str
    calls: Sequence[ToolCall]
    pins: Mapping[str, str] = field(default_factory=dict)
    """Of the tools, as the agent's bundle has them."""
    on_behalf_of: Sequence[str] = ()
    """The agents that this one acts for: what they may not do, it may not do for them."""


class GatewayBroke(Exception):  # noqa: N818 -- says what happened; it is no failure of the turn: the driver reads the journal and goes on
    """The gateway ended without an answer; what it had done is in the journal."""


class AnsweredInJournal(GatewayBroke):
    """The gateway did its work and said so, but what it wrote is too large for an answer: it is in the journal."""


class ToolGateway(Protocol):
    """The way to tools."""

    def call(self, request: GatewayRequest) -> list[Entry]:
        """The entries the gateway appended.

        Raises Fenced, InputRejected, RunStopped or AgentStopped, or GatewayBroke when its process did.
        """
        ...
