"""How many tokens a request can have, and what a call can cost, before it is made: bounds, never averages.

No tokeniser makes more than one token of a byte: those that models are served with today work on bytes, or fall back to them. So the
bytes that a provider puts before its model bound the tokens. What is added to our own bytes:

- Providers write tools and calls in a syntax of their own (TypeScript, XML, indented JSON): these count twice, as JSON in ASCII.
- Results are JSON, which a provider may escape: they count as JSON in ASCII, the longest form there is.
- Templates: a message costs 3 tokens at OpenAI (its cookbook on counting tokens), a call with its result up to 50 (measured by its users);
  ``MESSAGE`` and ``BLOCK`` are more than both.
- Tool use adds a system prompt of the provider's: up to 530 tokens at Anthropic (its page on tool use pricing). ``REQUEST`` is several
  times that.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from septet.core.money import MICRO
from septet.execution.agents import ModelSpec, ToolSpec
from septet.execution.ports import Message

REQUEST = 2_048
"""Tokens a provider may add to a request."""
TOOL = 64
"""Tokens a provider may add to a tool's declaration."""
MESSAGE = 16
"""Tokens a provider may add to a message."""
BLOCK = 64
"""Tokens a provider may add to a call or a result."""
_OWN_SYNTAX = 2
"""How often what a provider writes in a syntax of its own counts."""
_encode: Callable[[Any, int], tuple[str, ...]] = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # typeshed leaves it out
    None, json.JSONEncoder().default, json.encoder.encode_basestring_ascii, None, ": ", ", ", *(False, False, True)
)
"""What ``json.dumps`` makes anew for every value, which costs more than encoding a small one."""


def request_bound(system: str, tools: Sequence[ToolSpec]) -> int:
    """The most input tokens of a request before its first message."""
    return REQUEST + text_bound(system) + sum(tool_bound(tool) for tool in tools)


def tool_bound(tool: ToolSpec) -> int:
    """The most input tokens of a tool's declaration."""
    return TOOL + text_bound(tool.name) + text_bound(tool.description) + _OWN_SYNTAX * json_bound(tool.input_schema)


def message_bound(message: Message) -> int:
    """The most input tokens of one message."""
    return MESSAGE + sum(block_bound(block) for block in message["content"])


def block_bound(block: Mapping[str, Any]) -> int:
    """The most input tokens of one block of a message."""
    if "text" in block:
        return text_bound(block["text"])
    if "call" in block:
        call = block["call"]
        return BLOCK + text_bound(call.tool) + _OWN_SYNTAX * json_bound(call.arguments)
    result = block["result"]
    return BLOCK + (text_bound(result["error"]) if "error" in result else json_bound(result["value"]))


def text_bound(text: str) -> int:
    """The most tokens of *text*: its bytes as UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def json_bound(value: Any) -> int:
    """The most tokens of *value* as JSON: its bytes with every other character escaped."""
    return len("".join(_encode(value, 0)))


def worst(model: ModelSpec, bound: int, reply_tokens: int) -> int:
    """The most micro-dollars that a call of *model* with at most *bound* input tokens can cost.

    All input at the dearest price there is for it, and the longest reply. A request larger than the context is refused, not charged.
    """
    price, context, longest = model.price, model.context, model.max_output
    tokens_in = min(context, bound)
    tokens_out = min(longest, reply_tokens)
    return -(-(tokens_in * price.dearest_input + tokens_out * price.output) // MICRO)
