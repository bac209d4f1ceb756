"""What a back-end answers a model call with: a reply, an error of the service, or a connection that breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from local.doubles.call import ModelCall

type Event = tuple[str, dict[str, Any]]
"""One event of a ConverseStream answer: its name and its payload, as botocore's model has them."""

UNEXPECTED = "not in a scenario (a test double answers): "
"""How the message of every unexpected call begins; `septet run` knows one by it."""


_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one call; cached ones are not part of `input`, as Bedrock counts them."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0

    @property
    def total(self) -> int:
        """Everything the model read and wrote."""
        return self.input + self.output + self.cache_read + self.cache_write


def estimated(call: ModelCall, *, written: int) -> Usage:
    """Guess the usage of an answer of so many characters, where nobody tells: a token for every four characters."""
    return Usage(input=-(-call.size // _CHARACTERS_PER_TOKEN), output=-(-written // _CHARACTERS_PER_TOKEN))


@dataclass(frozen=True, kw_only=True)
class Text:
    """A block of words."""

    text: str


@dataclass(frozen=True, kw_only=True)
class ToolUse:
    """The model asks for a tool."""

    id: str
    name: str
    arguments: Any
    """JSON; an object unless the model is broken."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A whole answer."""

    content: tuple[Text | ToolUse, ...]
    stop_reason: str
    usage: Usage
    outcome: str = "reply"
    """What the record of calls says about it: `reply`, or the fault that shaped it."""


class ModelError(Exception):
    """The service answers with one of its exceptions."""

    def __init__(self, name: str, message: str, *, outcome: str = "") -> None:
        """Name is a shape of bedrock-runtime, such as ThrottlingException; outcome is for the record of calls."""
        super().__init__(message)
        self.name = name
        self.message = message
        self.outcome = outcome or name


class ConnectionDropped(Exception):  # noqa: N818 (it is what happens on the wire, not an error of ours)
    """The server hangs up: before a single byte, or in the middle of *reply*."""

    def __init__(self, *, outcome: str, reply: Reply | None = None) -> None:
        """Outcome is for the record of calls."""
        super().__init__(outcome)
        self.outcome = outcome
        self.reply = reply


class Backend(Protocol):
    """Something that answers model calls. Both methods raise ModelError and ConnectionDropped."""

    def converse(self, call: ModelCall) -> Reply:
        """Answer in one piece."""
        ...

    def converse_stream(self, call: ModelCall) -> Iterator[Event]:
        """Answer event by event; an error before the first event means that no stream ever began."""
        ...

    def status(self) -> dict[str, Any]:
        """Say which back-end this is (`backend`, `detail`, `double`) and what it has seen."""
        ...
