"""The chunks of a streamed chat completion as events of ConverseStream. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

from local.doubles.answer import Event, ModelError
from local.doubles.call import ModelCall
from local.doubles.forward.reply import no_completion, stop_reason, tool_use_id, usage
from local.doubles.wire.stream import ending


def events(chunks: Iterable[Any], call: ModelCall) -> Iterator[Event]:
    """Translate chunk by chunk. Raises ModelError: before the first event when there never was a stream, else in the middle of it."""
    blocks = _Blocks()
    last: dict[str, Any] = {}
    told: Any = None
    for number, chunk in enumerate(chunks):
        choices = _choices(chunk, begun=number > 0)
        if not number:
            yield "messageStart", {"role": "assistant"}
        told = chunk.get("usage") or told
        for choice in choices[:1]:
            last = choice if choice.get("finish_reason") else last
            try:
                yield from blocks.take(choice.get("delta") or {}, salt=str(chunk.get("id")))
            except (KeyError, TypeError, AttributeError) as error:
                raise no_completion(chunk) from error
    if not last and not blocks.begun:
        raise no_completion("a stream with nothing in it")
    yield from blocks.close()
    yield from ending(stop_reason(last, asks=blocks.asks), usage(told, call, written=blocks.written), latency=0)


def _choices(chunk: Any, *, begun: bool) -> list[dict[str, Any]]:
    if isinstance(chunk, dict) and isinstance(chunk.get("choices"), list):
        return list(chunk["choices"])
    if begun:
        raise ModelError("ModelStreamErrorException", f"The model server broke off: {chunk}")
    raise no_completion(chunk)


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

    def take(self, delta: dict[str, Any], *, salt: str) -> Iterator[Event]:
        text = delta.get("content") or delta.get("refusal")
        if text:
            yield from self._say(text)
        for place, one in enumerate(delta.get("tool_calls") or []):
            yield from self._ask(one, one.get("index", place), salt)

    def close(self) -> Iterator[Event]:
        yield from self._end_text()
        for block in self._calls.values():
            yield "contentBlockStop", {"contentBlockIndex": block}

    def _say(self, text: str) -> Iterator[Event]:
        if self._text is None:
            self._text = self._new()
        self.written += len(text)
        yield "contentBlockDelta", {"delta": {"text": text}, "contentBlockIndex": self._text}

    def _ask(self, one: dict[str, Any], index: int, salt: str) -> Iterator[Event]:
        function = one.get("function") or {}
        if index not in self._calls:
            yield from self._end_text()
            block = self._calls[index] = self._new()
            start = {"toolUse": {"toolUseId": tool_use_id(one.get("id"), f"{salt} {index}"), "name": function["name"]}}
            yield "contentBlockStart", {"start": start, "contentBlockIndex": block}
        piece = function.get("arguments")
        if piece:
            yield "contentBlockDelta", {"delta": {"toolUse": {"input": piece}}, "contentBlockIndex": self._calls[index]}

    def _end_text(self) -> Iterator[Event]:
        if self._text is not None:
            yield "contentBlockStop", {"contentBlockIndex": self._text}
            self._text = None

    def _new(self) -> int:
        self._next += 1
        return self._next - 1
