"""What a model said, made fit to be recorded: a model may say anything."""

from dataclasses import replace
from typing import Any

from septet.core.canonical import unfit
from septet.core.entries import ToolCall
from septet.execution.ports import Reply

ARGUMENTS_BYTES = 256 * 1024
"""More than any tool takes; what is larger is not kept."""
TOOL_CHARACTERS = 64
"""As many as a tool's name may have."""


def recordable(reply: Reply, step: int) -> Reply:
    """The *reply* to model call *step* as the journal, the gateway and the model's provider can take it.

    Calls get ids of ours: a model may give two calls one id, and then the result of one would stand for both.
    """
    calls = tuple(
        ToolCall(id=f"call-{step}-{place}", tool=_unicode(call.tool)[:TOOL_CHARACTERS], arguments=_arguments(call.arguments))
        for place, call in enumerate(reply.calls)
    )
    return replace(reply, text=_unicode(reply.text), calls=calls)


def _unicode(text: str) -> str:
    """*text* without halves of surrogate pairs, which JSON can spell and UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def _arguments(value: Any) -> Any:
    wrong = unfit(value, ARGUMENTS_BYTES)
    return f"(what the model gave is {wrong})" if wrong else value
