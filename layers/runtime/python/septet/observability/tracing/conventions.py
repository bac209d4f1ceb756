"""What spans and their attributes are called: OpenTelemetry's words where it has one, ``septet.*`` where it has none.

The words are those of the semantic conventions for generative AI, https://opentelemetry.io/docs/specs/semconv/gen-ai/ (in development),
as the package opentelemetry-semantic-conventions publishes them. Values are names of declarations, error classes, ids and figures: what
a model, a tool or a person worded is none of them.
"""

from septet.core.entries import ModelReply
from septet.core.money import Usage
from septet.observability.naming import error_class
from septet.observability.spans import Value

OPERATION = "gen_ai.operation.name"
WORKFLOW = "gen_ai.workflow.name"
CONVERSATION = "gen_ai.conversation.id"
AGENT = "gen_ai.agent.name"
BUNDLE = "gen_ai.agent.version"
PROVIDER = "gen_ai.provider.name"
REQUESTED = "gen_ai.request.model"
ANSWERED = "gen_ai.response.model"
FINISHED = "gen_ai.response.finish_reasons"
TOOL = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
CALL = "gen_ai.tool.call.id"
ERROR = "error.type"
RUN = "septet.run"
PATH = "septet.branch"
ATTEMPT = "septet.attempt"
STATUS = "septet.status"
TURN = "septet.turn"
FIRST, LAST = "septet.entry.first", "septet.entry.last"
"""Numbers of entries: what a span tells of is in the journal from the one to the other."""
ENTRY = "septet.entry"
COST = "septet.cost"
"""Micro-dollars."""
CACHED = "septet.cached"
REPEATED = "septet.repeated"
DECISION = "septet.decision"
OUTCOME = "septet.outcome"
PURPOSE = "septet.purpose"
METHOD = "septet.method"
STEP = "septet.step"
TO = "septet.to"
KIND = "septet.kind"
RELATION = "septet.relation"
"""What a link is for: ``hand_over``, ``take_over``, ``routed``, ``approval``, ``attempt``, ``fork``, ``row`` or ``session``."""

OTHER = "_OTHER"
"""The conventions' word for an error whose class is not known."""
_PROVIDERS = {"bedrock": "aws.bedrock", "sagemaker": "aws.sagemaker", "openai": "openai"}
_FINISHED = {"end": "stop", "tools": "tool_call", "truncated": "length", "refused": "content_filter"}
BUILT_IN = frozenset({"read_result"})
"""Tools that no folder declares."""
WORDS = {
    KIND: frozenset({"repair", "check", "usage", "cancelled", "fork"}),
    DECISION: frozenset({"approved", "rejected", "expired"}),
    OUTCOME: frozenset({"answered", "expired", "cancelled"}),
    PURPOSE: frozenset({"skill", "pool", "take_over", "first", "degrade"}),
    METHOD: frozenset({"vote", "judge", "weighted", "first", "all"}),
}
"""What an attribute may say; anything else is ``other``."""


def word(attribute: str, value: str) -> dict[str, Value]:
    """*attribute* with *value*, if that is one of the platform's own words."""
    return {attribute: value if value in WORDS[attribute] else "other"}


def error(name: str) -> str:
    """*name* as the value of ``error.type``, if it is a class that the platform or AWS knows."""
    return error_class(name, OTHER)


def provider(declared: str) -> str:
    """The conventions' word for a provider of ``policies/models.toml``."""
    return _PROVIDERS.get(declared, declared or OTHER)


def finished(reply: ModelReply) -> tuple[str, ...]:
    """Why a model stopped, in the conventions' words."""
    return (_FINISHED.get(reply.stop, "error"),)


def used(usage: Usage) -> dict[str, Value]:
    """Tokens as attributes. The conventions count cached ones as input."""
    found: dict[str, Value] = {
        "gen_ai.usage.input_tokens": usage.input + usage.cache_read + usage.cache_write,
        "gen_ai.usage.output_tokens": usage.output,
    }
    if usage.cache_read:
        found["gen_ai.usage.cache_read.input_tokens"] = usage.cache_read
    if usage.cache_write:
        found["gen_ai.usage.cache_creation.input_tokens"] = usage.cache_write
    return found
