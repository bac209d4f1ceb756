"""What a turn can do next: a closed union."""

from collections.abc import Mapping
from typing import Any

from septet.core.entries import ToolCall, ToolResult
from septet.core.frozen import frozen


@frozen
class CallModel:
    """Ask the model."""

    step: int
    """Replies in this turn before this one; a call that is repeated because it was not answered has the same step."""


@frozen
class CallTools:
    """Hand these calls to the gateway."""

    calls: tuple[ToolCall, ...]


@frozen
class Show:
    """Give the model what it asked to read again; no tool is called."""

    results: tuple[ToolResult, ...]
    labels: tuple[Mapping[str, str], ...]
    """Provenance of each result: that of what is shown."""


@frozen
class Commit:
    """Commit to a plan, before anything from outside is read."""

    plan: Any
    """As JSON."""


@frozen
class Compact:
    """Shorten the tool results up to an entry, so that the next request fits the model's context."""

    through: int


@frozen
class Repair:
    """Tell the model once what is wrong with its reply."""

    text: str
    kind: str = "repair"
    """Of the note: ``repair``, or ``check`` for what the agent's own check found."""


@frozen
class Pause:
    """A person has to decide: ask the gateway whether somebody has, else wait."""

    approval: str
    expires_at: int
    """Milliseconds since the epoch."""
    calls: tuple[ToolCall, ...]
    """What waits for the decision."""


@frozen
class Pass:
    """Hand over to another agent."""

    to: str
    reason: str


@frozen
class Give:
    """Answer."""

    value: Any


@frozen
class Fail:
    """End the turn with a named error."""

    error: str
    message: str


Action = CallModel | CallTools | Show | Commit | Compact | Repair | Pause | Pass | Give | Fail
