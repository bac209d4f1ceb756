"""A whole reply told as the events of ConverseStream, in the order Bedrock sends them."""

import json
from collections.abc import Iterator

from local.doubles.answer import Event, Reply, Text, ToolUse, Usage
from local.doubles.wire.converse import told_usage

_PIECE = 24
"""Characters of one delta: a few tokens, so that a reader sees text arrive in parts."""
_MOST_PIECES = 2_000
"""Deltas of one block: the pieces of a reply of megabytes are longer."""


def events(reply: Reply, *, latency: int) -> Iterator[Event]:
    """Yield the reply's events; latency in milliseconds."""
    yield "messageStart", {"role": "assistant"}
    for index, part in enumerate(reply.content):
        yield from _block(index, part)
    yield from ending(reply.stop_reason, reply.usage, latency=latency)


def ending(stop_reason: str, tokens: Usage | None, *, latency: int) -> Iterator[Event]:
    """Yield the two events every complete stream ends with."""
    yield "messageStop", {"stopReason": stop_reason}
    yield "metadata", {**told_usage(tokens), "metrics": {"latencyMs": latency}}


def _block(index: int, part: Text | ToolUse) -> Iterator[Event]:
    if isinstance(part, ToolUse):
        yield "contentBlockStart", {"start": {"toolUse": {"toolUseId": part.id, "name": part.name}}, "contentBlockIndex": index}
        # A model writes its arguments as text: what is text here is what a broken one wrote.
        text = part.arguments if isinstance(part.arguments, str) else json.dumps(part.arguments)
        for piece in _pieces(text):
            yield "contentBlockDelta", {"delta": {"toolUse": {"input": piece}}, "contentBlockIndex": index}
    else:
        for piece in _pieces(part.text):
            yield "contentBlockDelta", {"delta": {"text": piece}, "contentBlockIndex": index}
    yield "contentBlockStop", {"contentBlockIndex": index}


def _pieces(text: str) -> Iterator[str]:
    size = max(_PIECE, -(-len(text) // _MOST_PIECES))
    return (text[start : start + size] for start in range(0, len(text), size))
