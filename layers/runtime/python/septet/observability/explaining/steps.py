"""What a run's explanation is made of: steps, each with why it happened."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal

from septet.core.frozen import frozen

Source = Literal["caller", "model", "policy", "person", "platform", "workflow", "routing", "tool", "outside"]
"""Whose reason it is."""
Kind = Literal[
    "request",
    "model",
    "tool",
    "approval",
    "hand_over",
    "answer",
    "failure",
    "stop",
    "routed",
    "branched",
    "resolved",
    "inquiry",
    "recalled",
    "note",
    "plan",
    "compacted",
    "restarted",
    "forked",
    "change",
    "unreadable",
]
Fate = Literal["done", "failed", "denied", "open", "gone"]
"""How a step ended. ``gone``: what was written of it cannot be read any more, or was never written; ``open``: it has not ended."""


@frozen
class Why:
    """One reason for a step."""

    by: Source
    text: str
    certain: bool = True
    """It stands in the journal, or follows from it by the platform's own rules; otherwise it is inferred."""


@frozen
class Step:
    """One thing that happened, made of one entry or of a few that belong together."""

    path: str
    """The branch."""
    number: int
    """Of its first entry."""
    entries: tuple[int, ...]
    """Of which it is made, in order."""
    kind: Kind
    what: str
    """The model, the tool, the agent or the branch that it is about."""
    agent: str
    """Who worked; empty for the platform."""
    turn: str
    start: int
    """Milliseconds since the epoch."""
    end: int | None
    """None while it is open."""
    fate: Fate
    why: tuple[Why, ...]
    by: str = ""
    """Who decided, where a person or somebody outside did."""
    given: Any = None
    """What went in: the input, the arguments, the question."""
    result: Any = None
    """What came out: the value, the answer, the calls that a model asked for."""
    error: str = ""
    """Name of an error class."""
    message: str = ""
    given_labels: Mapping[str, str] = field(default_factory=dict)
    """Where each of ``given`` comes from, by path, as the gateway wrote it."""
    result_labels: Mapping[str, str] = field(default_factory=dict)
    effect: str = ""
    """The effect's key; empty for a tool call without effect."""
    cost: int = 0
    """Micro-dollars."""
    reserved: int = 0
    """Micro-dollars that were held for it."""
    input_tokens: int = 0
    output_tokens: int = 0
    copied: bool = False
    """It happened in the run that this one was forked from."""
