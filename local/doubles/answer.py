"""What a back-end answers a model call with: a reply, an error of the service, or a connection that breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from local.doubles.call import ModelCall

type Event = tuple[str, dict[str, Any]]
"""One event of a ConverseStream answer: its name and its payload, as botocore's model has them."""

UNEXPECTED = "not in a scenario (a test double answers): "
"""How the message of every unexpected call begins; `septet run` knows one by it."""
CAME = " Came: "
"""Begins what such a message says of the call itself, which may be cut off on its way; what is to be done stands before it."""


_CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Tokens of one call; cached ones are not part of `input`, as Bedrock counts them."""

    input: int | str
    """Text where a broken server gives no number."""
    output: int | str
    cache_read: int = 0
    cache_write: int = 0

    @property
    def read(self) -> int | str:
        """Everything the model read, cached or not."""
        return self.input if isinstance(self.input, str) else self.input + self.cache_read + self.cache_write

    @property
    def total(self) -> int | str:
        """Everything the model read and wrote."""
        read = self.read
        return f"{read} and {self.output}" if isinstance(read, str) or isinstance(self.output, str) else read + self.output


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
    usage: Usage | None
    """None when the server tells nothing."""
    outcome: str = "reply"
    """What the record of calls says about it: `reply`, or the fault that shaped it."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """An answer event by event."""

    events: Iterator[Event]
    """An error before the first one means that no stream ever began."""
    outcome: str = "reply"
    """What the record of calls says when it ends without an error."""


class ModelError(Exception):
    """The service answers with one of its exceptions."""

    def __init__(self, name: str, message: str, *, outcome: str = "", billed: bool = False) -> None:
        """Name is a shape of bedrock-runtime, such as ThrottlingException; outcome is for the record of calls.

        Billed: the model had done its work when it failed.
        """
        super().__init__(message)
        self.name = name
        self.message = message
        self.outcome = outcome or name
        self.billed = billed


class ConnectionDropped(Exception):  # noqa: N818 (it is what happens on the wire, not an error of ours)
    """The server hangs up: before a single byte, or in the middle of *reply*, which was worked for and is billed."""

    def __init__(self, *, outcome: str, reply: Reply | None = None, pause: float = 0) -> None:
        """Outcome is for the record of calls; pause is the silence, in seconds, between the last byte and the end."""
        super().__init__(outcome)
        self.outcome = outcome
        self.reply = reply
        self.pause = pause


class Backend(Protocol):
    """Something that answers model calls. Both methods raise ModelError and ConnectionDropped."""

    def converse(self, call: ModelCall) -> Reply:
        """Answer in one piece."""
        ...

    def converse_stream(self, call: ModelCall) -> Told:
        """Answer event by event."""
        ...

    def status(self) -> dict[str, Any]:
        """Say which back-end this is (`backend`, `detail`, `double`) and what it has seen."""
        ...
