"""What was said and done, as attributes of spans: for tenants that switched it on, redacted and bounded.

It is read from the journal when spans are sent, and kept in no state: what is erased by then is not told, and no checkpoint holds any.
The words are those of the conventions for generative AI: messages with a role and parts, as JSON, which a span's attributes have as text.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import replace
from itertools import takewhile
from typing import Any

from septet.core.entries import (
    Answer,
    Entry,
    HandOver,
    Heard,
    ModelReply,
    Note,
    Recalled,
    Request,
    Resolved,
    ToolIntent,
    ToolResult,
)
from septet.core.frozen import frozen
from septet.core.journal import MAIN, Branch, Journal
from septet.observability.spans import Span, Value
from septet.observability.tracing import conventions as words

INPUT, OUTPUT = "gen_ai.input.messages", "gen_ai.output.messages"
ARGUMENTS, RESULT = "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"
ATTRIBUTES = (INPUT, OUTPUT, ARGUMENTS, RESULT)
"""All that may hold content."""
MOST = 16_000
"""Characters of an attribute."""
BEFORE = 64
"""Entries before a span's first in which the reply is looked for that its model's call follows."""
_TEXTS = (4_000, 1_000, 200)
"""Characters of a text in an attribute; the most that lets it fit."""
_ITEMS = 64
"""Of a list, or of an object."""
_LEVELS = 32
"""Of lists and objects, one within another."""
_TOO_DEEP = "[too deep]"
_TOO_LONG = '"[too long]"'
Message = dict[str, Any]
Clean = Callable[[Any], Any]
"""Redacts a value of JSON's types."""


@frozen
class Contents:
    """Adds content to spans."""

    journal: Journal
    """Read with gaps."""
    tenants: frozenset[str]
    """Who switched it on."""
    clean: Clean

    def shown(self, branch: Branch, spans: Sequence[Span]) -> Sequence[Span]:
        """*spans* of the run of *branch*, with their content if its tenant wants it. Raises StoreUnavailable."""
        if branch.tenant not in self.tenants:
            return spans
        by_path: dict[str, list[Span]] = {}
        for span in spans:
            by_path.setdefault(str(span.attributes.get(words.PATH, MAIN)), []).append(span)
        told = {span: more for path, found in by_path.items() for span, more in self._added(replace(branch, path=path), found).items()}
        return [replace(span, attributes={**span.attributes, **told.get(span.span, {})}) for span in spans]

    def _added(self, branch: Branch, spans: Sequence[Span]) -> dict[str, dict[str, Value]]:
        """By span, its attributes with content."""
        reaches = [reach for span in spans if (reach := _reach(span))]
        first = next(iter(self.journal.read(branch)), None)
        if first is None:
            return {}
        low, high = min((low for low, _ in reaches), default=1), max((high for _, high in reaches), default=0)
        after = max(0, low - 1 - BEFORE)
        read = takewhile(lambda entry: entry.number <= high, self.journal.read(branch, after=after) if high > 0 else ())
        said = [_Said(entry, self.clean) for entry in (first, *read)]
        found = {span.span: dict(_told(span, said)) for span in spans}
        return {span: {name: self._attribute(value) for name, value in one.items()} for span, one in found.items()}

    def _attribute(self, value: Any) -> str:
        for most in _TEXTS:
            text = json.dumps(_bounded(value, most), ensure_ascii=False, separators=(",", ":"))
            if len(text) <= MOST:
                found: str = self.clean(text)  # as JSON as well: what is split over values is not found
                return found
        return _TOO_LONG


class _Said:
    """What is told of an entry: redacted at once and cut, so that a long branch is held in little."""

    __slots__ = ("kind", "number", "turn", "value")

    def __init__(self, entry: Entry, clean: Clean) -> None:
        self.number, self.turn = entry.number, entry.turn
        self.kind = type(entry.body)
        self.value = _bounded(clean(json.loads(json.dumps(_shallow(_value(entry)), default=str))), _TEXTS[0])


def _value(entry: Entry) -> Any:  # noqa: PLR0911 -- one for each kind of entry that is told
    """What an entry says, as JSON types; None where that is nothing, or erased."""
    match entry.body:
        case Request() as body:
            return dict(body.input)
        case ModelReply() as body:
            calls = [{"type": "tool_call", "id": one.id, "name": one.tool, "arguments": one.arguments} for one in body.calls]
            text = [{"type": "text", "content": body.text}] if body.text else []
            return {"role": "assistant", "parts": [*text, *calls], "finish_reason": words.finished(body)[0]}
        case ToolIntent() as body:
            return [body.call, body.arguments]
        case ToolResult() as body:
            return [body.call, {"error": body.error, "message": body.message} if body.error else body.value]
        case Note() as body if body.kind in ("repair", "check"):
            return body.text
        case HandOver() as body:
            return body.reason
        case Answer() | Resolved() | Heard() as body:
            return body.value
        case Recalled() as body:
            return body.exchanges
        case _:
            return None


def _reach(span: Span) -> tuple[int, int] | None:
    """The first and the last entry that *span* tells of; None for one that has no content."""
    if span.attributes.get(words.OPERATION) not in ("chat", "execute_tool", "invoke_agent") or words.FIRST not in span.attributes:
        return None
    return int(str(span.attributes[words.FIRST])), int(str(span.attributes[words.LAST]))


def _told(span: Span, said: Sequence[_Said]) -> Iterator[tuple[str, Any]]:
    """What is told of *span*, by attribute."""
    if span.attributes.get(words.OPERATION) == "invoke_workflow":
        if said[0].kind is Request:
            yield INPUT, [_user(said[0].value)]
        return
    reach = _reach(span)
    if reach is None:
        return
    low, high = reach
    within = [one for one in said if low <= one.number <= high]
    match span.attributes[words.OPERATION]:
        case "chat":
            yield from _chat(said, within, low)
        case "execute_tool":
            call = span.attributes[words.CALL]
            for kind, name in ((ToolIntent, ARGUMENTS), (ToolResult, RESULT)):
                yield from ((name, one.value[1]) for one in within if one.kind is kind and one.value[0] == call)
        case _:
            turn = span.attributes.get(words.TURN)
            answers = [one.value for one in within if one.turn == turn and one.kind in (Answer, HandOver)]
            if answers:
                yield OUTPUT, [{"role": "assistant", "parts": [_text(answers[-1])], "finish_reason": "stop"}]


def _chat(said: Sequence[_Said], within: Sequence[_Said], low: int) -> Iterator[tuple[str, Any]]:
    """What the model was told since its reply before, or all if it had given none in the turn; and what it said."""
    turn = within[0].turn if within else ""
    replies = [one.number for one in said if one.kind is ModelReply and one.turn == turn and one.number < low]
    since = max(replies, default=-1)
    told = [message for one in said if since < one.number < low and (message := _message(one, turn, first=not replies))]
    if told:
        yield INPUT, told
    if outputs := [one.value for one in within if one.kind is ModelReply and one.turn == turn]:
        yield OUTPUT, outputs[-1:]


def _message(one: _Said, turn: str, *, first: bool) -> Message | None:
    """What an entry tells a model; to a turn that begins, also what others said."""
    if one.value is None:
        return None
    if one.kind is ToolResult and one.turn == turn:
        return {"role": "tool", "parts": [{"type": "tool_call_response", "id": one.value[0], "response": one.value[1]}]}
    if one.kind is Note and one.turn == turn:
        return _user(one.value)
    return _user(one.value) if first and one.kind in (Request, Recalled, HandOver, Answer, Resolved, Heard) else None


def _user(value: Any) -> Message:
    return {"role": "user", "parts": [_text(value)]}


def _text(value: Any) -> Message:
    return {"type": "text", "content": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))}


def _shallow(value: Any, levels: int = _LEVELS) -> Any:
    """*value* with no more than so many *levels*: whatever is said of one span, the others' content is told."""
    if not isinstance(value, Mapping | list | tuple):
        return value
    if not levels:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return {key: _shallow(item, levels - 1) for key, item in value.items()}
    return [_shallow(item, levels - 1) for item in value]


def _bounded(value: Any, most: int) -> Any:
    """*value* with texts of *most* characters, and as many items as may be shown."""
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[:most]}…"
    if isinstance(value, list):
        return [_bounded(item, most) for item in value[:_ITEMS]]
    if isinstance(value, dict):
        return {key[:most]: _bounded(item, most) for key, item in list(value.items())[:_ITEMS]}
    return value
