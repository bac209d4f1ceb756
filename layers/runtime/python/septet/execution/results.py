"""Tool results by handle: one that is too large to show is kept whole, and the model reads it piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from septet.core.canonical import canonical
from septet.core.entries import ToolCall, ToolResult
from septet.execution.agents import ToolSpec
from septet.execution.estimating import json_bound

READ_RESULT = "read_result"
"""The tool through which a model reads a kept result. The turn answers it; the gateway never sees a call of it."""
BEGINNING = 1_024
"""Bytes of a kept result that are shown at once."""
KEYS = 20
"""Of an object that a summary names."""
KEY_CHARACTERS = 40
"""Of a key that a summary names."""
_INSIDE = 0x80
"""The upper two bits of a byte inside a character of UTF-8 that is not its first."""
TOOL = ToolSpec(
    name=READ_RESULT,
    description="Read a piece of a tool's result that was kept or shortened. The result is JSON text; bytes are counted from 0.",
    input_schema={
        "type": "object",
        "properties": {
            "call": {"type": "string", "description": "The handle under which the result is kept"},
            "from": {"type": "integer", "minimum": 0, "description": "The first byte; 0 when left out"},
            "bytes": {"type": "integer", "minimum": 1, "description": "How many bytes at most; as many as may be shown when left out"},
        },
        "required": ["call"],
    },
)


@dataclass(kw_only=True, slots=True)
class _Kept:
    """A result, as its value until its text is needed, then as its text alone."""

    labels: Mapping[str, str]
    value: Any = None
    text: bytes = b""
    what: str = ""

    def encode(self) -> bytes:
        if not self.text:
            self.text, self.what, self.value = canonical(self.value), kind(self.value), None
        return self.text


class Results:
    """The results of one turn. Each is encoded at most twice: once to be measured, once to be read from."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, _Kept] = {}

    def take(self, result: ToolResult, labels: Mapping[str, str]) -> tuple[Any, int, bool]:
        """Keep the value of *result*. What the model is shown of it, the most tokens that has, and whether more can be read."""
        value = result.value
        bound = json_bound(value)
        if result.tool == READ_RESULT:
            return value, bound, False
        kept = self._kept[result.call] = _Kept(labels=labels, value=value)
        if bound <= self._most or len(kept.encode()) <= self._most:
            return value, bound, False
        summary = {
            "kept": result.call,
            "is": kind(value, name_keys=True),
            "bytes": len(kept.text),
            "begins": kept.text[: min(BEGINNING, self._most)].decode(errors="ignore"),
        }
        return summary, json_bound(summary), True

    def line(self, call: str) -> str:
        """One line in place of the result of *call*."""
        kept = self._kept.get(call)
        if kept is None:
            return "(shortened: read it again)"
        size = len(kept.encode())
        return f"(shortened: {kept.what}, {size} bytes; {READ_RESULT} shows it under {call})"

    def read(self, call: ToolCall) -> tuple[ToolResult, Mapping[str, str]]:
        """The answer to a call of ``read_result``, and the labels of what it shows. Never raises: the model may ask for anything."""
        given = call.arguments if isinstance(call.arguments, dict) else {}
        handle, start, most = given.get("call"), given.get("from", 0), given.get("bytes", self._most)
        kept = self._kept.get(handle) if isinstance(handle, str) else None
        if kept is None:
            return _wrong(call, "call must be the handle of a result of this turn"), {}
        text = kept.encode()
        if not _whole(start) or start > len(text):
            return _wrong(call, f"from must be a whole number from 0 to {len(text)}"), {}
        if not _whole(most) or most < 1:
            return _wrong(call, "bytes must be a whole number above 0"), {}
        start, end = _between_characters(text, start, min(most, self._most))
        value = {
            "call": handle,
            "from": start,
            "to": end,
            "remaining": len(text) - end,
            "text": text[start:end].decode(),
        }
        return ToolResult(call=call.id, tool=call.tool, value=value), kept.labels


def kind(value: Any, *, name_keys: bool = False) -> str:
    """What *value* is, in a few words."""
    match value:
        case dict():
            names = ", ".join(str(key)[:KEY_CHARACTERS] for key in list(value)[:KEYS]) if name_keys else ""
            more = f" and {len(value) - KEYS} more" if name_keys and len(value) > KEYS else ""
            return f"an object with the keys {names}{more}" if names else f"an object of {len(value)} keys"
        case list():
            return f"a list of {len(value)}"
        case str():
            return f"a text of {len(value)} characters"
    return "a value"


def _wrong(call: ToolCall, message: str) -> ToolResult:
    return ToolResult(call=call.id, tool=call.tool, error="InputRejected", message=message)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _between_characters(text: bytes, start: int, most: int) -> tuple[int, int]:
    """Where a piece of at most *most* bytes begins and ends, moved back to where characters of *text* begin; never without a character."""
    start = _back(text, start)
    end = _back(text, min(start + most, len(text)))
    if end == start < len(text):
        end += 1
        while end < len(text) and text[end] & 0xC0 == _INSIDE:
            end += 1
    return start, end


def _back(text: bytes, place: int) -> int:
    while 0 < place < len(text) and text[place] & 0xC0 == _INSIDE:
        place -= 1
    return place
