"""A run in a few numbers, projected from its journal."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from septet.core.entries import Answer, ApprovalAsked, ApprovalGiven, Body, Entry, Failure, ModelFailed, ModelReply, ToolIntent


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What one branch shows."""

    path: tuple[str, ...]
    """The agents that worked, in order, without immediate repetition."""
    answer: Any
    """The last agent's answer; None before there is one."""
    failure: Failure | None
    """The last failure, also one that was to pass, unless an agent has answered since."""
    model_calls: int
    """Replies received, which is what is paid."""
    tool_calls: int
    """Calls the gateway made."""
    input_tokens: int
    output_tokens: int
    cost: int
    """Micro-dollars."""
    waiting: tuple[str, ...]
    """Approvals that were asked and not answered."""


def summarise(entries: Iterable[Entry]) -> Summary:
    """The summary of a branch read from its start."""
    path: list[str] = []
    answer: Any = None
    failure: Failure | None = None
    waiting: dict[str, None] = {}
    replies = intents = tokens_in = tokens_out = cost = 0
    for entry in entries:
        if entry.agent and path[-1:] != [entry.agent]:
            path.append(entry.agent)
        cost += entry.cost
        if entry.usage:
            tokens_in += entry.usage.input
            tokens_out += entry.usage.output
        failure = _failure(entry.body, failure)
        match entry.body:
            case Answer(value=value):
                answer = value
            case ModelReply(cached=False):
                replies += 1
            case ToolIntent():
                intents += 1
            case ApprovalAsked(approval=approval):
                waiting[approval] = None
            case ApprovalGiven(approval=approval):
                waiting.pop(approval, None)
    return Summary(
        path=tuple(path),
        answer=answer,
        failure=failure,
        model_calls=replies,
        tool_calls=intents,
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cost=cost,
        waiting=tuple(waiting),
    )


def _failure(body: Body, before: Failure | None) -> Failure | None:
    """What is wrong after *body*, if *before* it was that."""
    match body:
        case Answer():
            return None
        case Failure():
            return body
        case ModelFailed(error=error, message=message):
            return Failure(error=error, message=message)
    return before
