"""What a model said, made fit to be recorded: a model may say anything."""

from collections.abc import Sequence
from typing import Any

from septet.core.canonical import canonical, unfit
from septet.core.entries import ToolCall
from septet.core.frozen import maker
from septet.execution.ports import Reply

ARGUMENTS_BYTES = 256 * 1024
"""More than any tool takes; what is larger is not kept."""
REPLY_BYTES = 1024 * 1024
"""Of the arguments of one reply together, so that its entry fits whatever carries it."""
TEXT_CHARACTERS = 128 * 1024
"""More than a model that keeps to its limit writes; a longer text is cut, and counts as cut off."""
CALLS = 64
"""More than any reply needs; a reply with more counts as cut off."""
TOOL_CHARACTERS = 64
"""As many as a tool's name may have."""
_call, _reply = maker(ToolCall), maker(Reply)


def recordable(reply: Reply, step: int) -> Reply:
    """The *reply* to model call *step* as the journal, the gateway and the model's provider can take it.

    Calls get ids of ours: a model may give two calls one id, and then the result of one would stand for both.
    """
    given = _all_arguments(reply.calls[:CALLS])
    calls = [
        _call(id=f"call-{step}-{place}", tool=_unicode(call.tool)[:TOOL_CHARACTERS], arguments=arguments)
        for place, (call, arguments) in enumerate(zip(reply.calls, given, strict=False))
    ]
    cut = len(reply.text) > TEXT_CHARACTERS or len(reply.calls) > CALLS
    return _reply(
        text=_unicode(reply.text[:TEXT_CHARACTERS]),
        calls=tuple(calls),
        stop="truncated" if cut else reply.stop,
        usage=reply.usage,
        usage_known=reply.usage_known,
    )


def _unicode(text: str) -> str:
    """*text* without halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _all_arguments(calls: Sequence[ToolCall]) -> list[Any]:
    """The arguments of *calls*, as many of them as fit into one reply."""
    kept = [_arguments(call.arguments, ARGUMENTS_BYTES) for call in calls]
    if len(calls) * ARGUMENTS_BYTES <= REPLY_BYTES:
        return kept
    left = REPLY_BYTES
    for place, value in enumerate(kept):
        kept[place] = _arguments(value, left)
        left = max(0, left - len(canonical(kept[place])))
    return kept


def _arguments(value: Any, most: int) -> Any:
    wrong = unfit(value, most)
    return f"(what the model gave is {wrong})" if wrong else value
