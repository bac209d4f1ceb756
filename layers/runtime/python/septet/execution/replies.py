"""What a model said, made fit to be recorded: a model may say anything."""

from copy import replace
from typing import Any

from septet.core.canonical import unfit
from septet.core.entries import ToolCall
from septet.execution.ports import Reply

ARGUMENTS_BYTES = 256 * 1024
"""More than any tool takes; what is larger is not kept."""
TEXT_CHARACTERS = 128 * 1024
"""More than a model that keeps to its limit writes; a longer text is cut, and counts as cut off."""
CALLS = 64
"""More than any reply needs; a reply with more counts as cut off."""
TOOL_CHARACTERS = 64
"""As many as a tool's name may have."""


def recordable(reply: Reply, step: int) -> Reply:
    """The *reply* to model call *step* as the journal, the gateway and the model's provider can take it.

    Calls get ids of ours: a model may give two calls one id, and then the result of one would stand for both.
    """
    calls = tuple(
        ToolCall(id=f"call-{step}-{place}", tool=_unicode(call.tool)[:TOOL_CHARACTERS], arguments=_arguments(call.arguments))
        for place, call in enumerate(reply.calls[:CALLS])
    )
    cut = len(reply.text) > TEXT_CHARACTERS or len(reply.calls) > CALLS
    return replace(reply, text=_unicode(reply.text[:TEXT_CHARACTERS]), calls=calls, stop="truncated" if cut else reply.stop)


def _unicode(text: str) -> str:
    """*text* without halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def _arguments(value: Any) -> Any:
    wrong = unfit(value, ARGUMENTS_BYTES)
    return f"(what the model gave is {wrong})" if wrong else value
