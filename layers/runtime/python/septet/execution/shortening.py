"""Messages of the past, as briefly as they can be said: results as one line each, long texts and arguments cut."""

from collections.abc import Mapping
from copy import replace
from typing import Any

from septet.core.canonical import canonical
from septet.execution.estimating import block_bound
from septet.execution.ports import Message
from septet.execution.results import Results

LONG = 768
"""Tokens by their upper bound: a block with more is shortened."""
TEXT = 256
"""Bytes of a long text that are left."""
ARGUMENTS = 40
"""Bytes of a call's long arguments that are left."""


def shortened(message: Message, kept: Results) -> Message:
    """*message* with every long block said briefly."""
    return {
        "role": message["role"],
        "content": [_brief(block, kept) if block_bound(block) > LONG else block for block in message["content"]],
    }


def _brief(block: Mapping[str, Any], kept: Results) -> dict[str, Any]:
    if "text" in block:
        return {"text": _cut(block["text"])}
    if "call" in block:
        call = block["call"]
        return {"call": replace(call, arguments={"shortened": canonical(call.arguments)[:ARGUMENTS].decode(errors="ignore")})}
    result = block["result"]
    if "error" in result:
        return {"result": {"id": result["id"], "error": _cut(result["error"])}}
    return {"result": {"id": result["id"], "value": kept.line(result["id"])}}


def _cut(text: str) -> str:
    return f"{text.encode(errors='surrogatepass')[:TEXT].decode(errors='ignore')}… (cut)"
