"""What a turn can do next: a closed union."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from septet.core.entries import ToolCall, ToolResult


@dataclass(frozen=True, kw_only=True, slots=True)
class CallModel:
    """Ask the model."""

    step: int
    """Replies in this turn before this one; a call that is repeated because it was not answered has the same step."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallTools:
    """Hand these calls to the gateway."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Show:
    """Give the model what it asked to read again; no tool is called."""

    results: tuple[ToolResult, ...]
    labels: tuple[Mapping[str, str], ...]
    """Provenance of each result: that of what is shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compact:
    """Shorten the tool results up to an entry, so that the next request fits the model's context."""

    through: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Repair:
    """Tell the model once what is wrong with its reply."""

    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A person has to decide: ask the gateway whether somebody has, else wait."""

    approval: str
    expires_at: int
    """Milliseconds since the epoch."""
    calls: tuple[ToolCall, ...]
    """What waits for the decision."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """Hand over to another agent."""

    to: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Give:
    """Answer."""

    value: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Fail:
    """End the turn with a named error."""

    error: str
    message: str


Action = CallModel | CallTools | Show | Compact | Repair | Pause | Pass | Give | Fail
