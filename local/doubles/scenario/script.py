"""The format of a scenario: what each agent's model answers, call by call, and which faults come first.

A file holds one scenario or several, divided by `---`. The reader's example is tests/unit/local/doubles/example.yaml.
"""

import json
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, JsonValue, Tag, model_validator

Error = Literal[
    "throttling", "not_ready", "unavailable", "internal", "timeout", "model_error", "context_overflow", "access_denied", "not_found"
]
"""The service answers with an exception and nothing else."""
Broken = Literal["dropped", "dropped_midway", "stalled", "stream_error", "stream_cut"]
"""The connection, or the stream, ends badly: before a byte, or in its middle: at once, after a silence, with an error, as if complete."""
Shaped = Literal[
    "malformed_arguments", "non_object_arguments", "unknown_tool", "garbage_text", "truncation", "refusal", "guardrail", "slow", "empty"
]
"""An answer comes, but not the one written."""
Miscounted = Literal["usage_missing", "usage_negative", "usage_huge", "usage_text"]
"""The answer is the one written, and what it is said to have cost is wrong."""
REPEAT = "repeat"
"""`${repeat}` in a call that is repeated is the number of the repetition, from 1."""

_NEEDS_CALLS = {"malformed_arguments", "non_object_arguments", "unknown_tool"}
_NEEDS_REPLY = _NEEDS_CALLS | {"truncation", "slow", *get_args(Broken), *get_args(Miscounted)} - {"dropped"}
_NEEDS_DELAY = {"slow", "stalled"}
_TELLS = {"garbage_text", "refusal", "guardrail", "stream_error", *get_args(Error)}
_LONGEST_DELAY = 900
_MOST_REPEATED = 10_000
_MOST_BYTES = 20_000_000

type Seconds = Annotated[float, Field(ge=0, le=_LONGEST_DELAY)]
type Tokens = Annotated[int, Field(ge=0)]


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank: write some words, or leave the line out")
    return text


type Words = Annotated[str, AfterValidator(_said)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


class TokenUsage(_Part):
    """Tokens a reply is charged for."""

    input: Tokens
    output: Tokens
    cache_read: Tokens = 0
    cache_write: Tokens = 0


class ToolCall(_Part):
    """The model asks for a tool that the request offers."""

    tool: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    arguments: dict[str, JsonValue] = {}
    """`${tool.path}` in a string stands for part of the last result of that tool."""
    repeat: Annotated[int, Field(ge=1, le=_MOST_REPEATED)] = 1
    """How many times the reply asks for it; `${repeat}` in an argument is the number of the repetition, from 1."""

    @model_validator(mode="after")
    def _is_json(self) -> Self:
        json.dumps(self.arguments, allow_nan=False)
        return self


class Fault(_Part):
    """Something that goes wrong before, or instead of, the reply."""

    fault: Literal[Error, Broken, Shaped, Miscounted]
    times: Annotated[int, Field(ge=1)] | None = None
    """Attempts of this step it spoils; every attempt when left out."""
    delay: Seconds = 0
    """Seconds before it happens; for `stalled` the silence in the middle."""
    message: Words | None = None
    """The exception's message, or the words of a refusal or of garbage, instead of the usual ones."""

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.message is not None and self.fault not in _TELLS:
            raise ValueError(f"a {self.fault} fault has no message: leave `message` out")
        if self.fault in _NEEDS_DELAY and not self.delay:
            raise ValueError(f"a {self.fault} fault needs `delay`, in seconds")
        return self


class Instead(_Part):
    """Another answer of a step, for when what the model was told last asks for it."""

    contains: Words
    """Text found in the conversation's last message, a tool's result included, which is JSON."""
    text: Words | None = None
    calls: list[ToolCall] = []

    @model_validator(mode="after")
    def _answers(self) -> Self:
        if self.text is None and not self.calls:
            raise ValueError("answers nothing: add `text` or `calls`")
        return self


class Step(_Part):
    """What one model call of an agent is answered with."""

    text: Words | None = None
    pad: Annotated[int, Field(ge=1, le=_MOST_BYTES)] | None = None
    """Bytes of UTF-8 that the text is filled up to."""
    calls: list[ToolCall] = []
    usage: TokenUsage | None = None
    """An estimate from lengths when left out: a token for every four characters."""
    stop: Literal["end_turn", "tool_use", "max_tokens", "stop_sequence", "model_context_window_exceeded"] | None = None
    """`tool_use` when there are calls, else `end_turn`."""
    delay: Seconds = 0
    """Seconds the model takes over the reply."""
    faults: list[Fault] = []
    """In the order they come."""
    instead: Instead | None = None
    """In place of `text` and `calls` where it fits, as after a question that a person answered the other way."""

    @model_validator(mode="after")
    def _can_be_played(self) -> Self:
        for fault in self.faults[:-1]:
            if fault.times is None:
                raise ValueError(
                    f"a {fault.fault} fault without `times` comes on every attempt, so the fault after it never does: give it `times`"
                )
        for fault in self.faults:
            if fault.fault in _NEEDS_CALLS and not self.calls:
                raise ValueError(f"a {fault.fault} fault spoils a tool call, and there is none: add `calls`")
            if fault.fault in _NEEDS_REPLY and not self.replies:
                raise ValueError(f"a {fault.fault} fault spoils a reply, and there is none: add `text` or `calls`")
        if not self.replies and not (self.faults and self.faults[-1].times is None):
            raise ValueError("answers nothing: add `text`, `calls`, or a fault without `times`")
        return self

    @property
    def replies(self) -> bool:
        """Whether there is a reply at all."""
        return self.text is not None or self.pad is not None or bool(self.calls)


class Turns(_Part):
    """Different answers in different turns of one agent."""

    turns: Annotated[dict[str, list[Step]], Field(min_length=1)]
    """By turn id or shell pattern; `*` is for the turns that nothing else names."""


def _kind(value: Any) -> str:
    return "turns" if isinstance(value, dict | Turns) else "steps"


type AgentScript = Annotated[Annotated[list[Step], Tag("steps")] | Annotated[Turns, Tag("turns")], Discriminator(_kind)]


class When(_Part):
    """What selects a scenario."""

    contains: Words | Annotated[list[Words], Field(min_length=1)]
    """Text, or several texts, all found in the conversation's first user message; spacing does not matter, case does."""

    @property
    def texts(self) -> list[str]:
        """The texts to find, with single spaces."""
        wanted = [self.contains] if isinstance(self.contains, str) else self.contains
        return [" ".join(text.split()) for text in wanted]


class GuardrailRule(_Part):
    """What a guardrail says of a text, whichever guardrail it is."""

    contains: Words
    """Text within what is assessed."""
    source: Literal["INPUT", "OUTPUT"] | None = None
    """Only for texts of this source; either when left out."""
    filter: Literal["INSULTS", "HATE", "SEXUAL", "VIOLENCE", "MISCONDUCT", "PROMPT_ATTACK"] | None = None
    entity: Literal["CREDIT_DEBIT_CARD_NUMBER", "EMAIL", "INTERNATIONAL_BANK_ACCOUNT_NUMBER", "NAME", "PASSWORD", "PHONE"] | None = None
    topic: Words | None = None
    fault: Literal["AccessDeniedException", "InternalServerException", "ThrottlingException", "dropped"] | None = None
    """Instead of an answer."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if sum(given is not None for given in (self.filter, self.entity, self.topic, self.fault)) != 1:
            raise ValueError("says not one thing: give one of filter, entity, topic and fault")
        return self


class Scenario(_Part):
    """One story: when it is told, and each agent's lines in it."""

    scenario: Words
    """Its name, unique among all that are loaded."""
    when: When
    agents: Annotated[dict[str, AgentScript], Field(min_length=1)]
    """By agent; each a list of steps, the n-th answering the n-th model call of a turn."""
    guardrail: list[GuardrailRule] = []
    """What guardrails say, in every run."""
