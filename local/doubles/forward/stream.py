"""The chunks of a streamed chat completion as events of ConverseStream. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from local.doubles.answer import Event, ModelError
from local.doubles.call import ModelCall
from local.doubles.forward.completion import Choice, Completion, Message, TokenCounts, ToolCall, completion, no_completion
from local.doubles.forward.reply import stop_reason, tool_use_id, usage
from local.doubles.wire.stream import ending


def events(chunks: Iterable[Any], call: ModelCall) -> Iterator[Event]:
    """Translate chunk by chunk. Raises ModelError: before the first event when there never was a stream, else in the middle of it."""
    blocks = _Blocks()
    last: Choice | None = None
    told: TokenCounts | None = None
    for number, got in enumerate(chunks):
        chunk = _chunk(got, begun=number > 0)
        if not number:
            yield "messageStart", {"role": "assistant"}
        told = chunk.usage or told
        for choice in chunk.choices[:1]:
            last = choice if choice.finish_reason else last
            yield from blocks.take(choice.delta or Message(), salt=str(chunk.id))
    if last is None and not blocks.begun:
        raise no_completion("it is a stream with nothing in it")
    yield from blocks.close()
    yield from ending(stop_reason(last or Choice(), asks=blocks.asks), usage(told, call, written=blocks.written), latency=0)


def _chunk(got: Any, *, begun: bool) -> Completion:
    try:
        return completion(got)
    except ModelError as error:
        if not begun:
            raise
        raise ModelError("ModelStreamErrorException", f"The model server broke off: {got}") from error


class _Blocks:
    """The content blocks that are open. Text ends when a tool call begins; tool calls may interleave and end together."""

    def __init__(self) -> None:
        self.written = 0
        self._next = 0
        self._text: int | None = None
        self._calls: dict[int, int] = {}

    @property
    def begun(self) -> bool:
        return self._next > 0

    @property
    def asks(self) -> bool:
        return bool(self._calls)

    def take(self, delta: Message, *, salt: str) -> Iterator[Event]:
        text = delta.content or delta.refusal
        if text:
            yield from self._say(text)
        for place, one in enumerate(delta.tool_calls or []):
            yield from self._ask(one, place if one.index is None else one.index, salt)

    def close(self) -> Iterator[Event]:
        yield from self._end_text()
        for block in self._calls.values():
            yield "contentBlockStop", {"contentBlockIndex": block}

    def _say(self, text: str) -> Iterator[Event]:
        if self._text is None:
            self._text = self._new()
        self.written += len(text)
        yield "contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": self._text}

    def _ask(self, one: ToolCall, index: int, salt: str) -> Iterator[Event]:
        if index not in self._calls:
            if not one.function.name:
                raise no_completion("a tool call has no name")
            yield from self._end_text()
            block = self._calls[index] = self._new()
            start = {"toolUse": {"toolUseId": tool_use_id(one.id, f"{salt} {index}"), "name": one.function.name}}
            yield "contentBlockStart", {"start": start, "contentBlockIndex": block}
        if one.function.arguments:
            yield "contentBlockDelta", {"delta": {"toolUse": {"input": one.function.arguments}}, "contentBlockIndex": self._calls[index]}

    def _end_text(self) -> Iterator[Event]:
        if self._text is not None:
            yield "contentBlockStop", {"contentBlockIndex": self._text}
            self._text = None

    def _new(self) -> int:
        self._next += 1
        return self._next - 1
