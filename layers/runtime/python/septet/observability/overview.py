"""What a branch shows, or a whole run: a few figures, the answer and who is waited for, read from a journal. Nothing of it is stored.

What searches find is another thing: ``septet.observability.summaries`` writes that down.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    Branched,
    Entry,
    Failure,
    Forked,
    ModelFailed,
    ModelReply,
    Routed,
    ToolIntent,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What one branch shows, or a whole run."""

    path: tuple[str, ...]
    """The agents that worked, in order, without immediate repetition."""
    answer: Any
    """The last agent's answer; None before there is one."""
    failure: Failure | None
    """The last failure, also one that was to pass, unless an agent has answered since; of a degraded run, why nobody did."""
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
    failed_calls: int = 0
    """Calls of models that brought no reply."""
    degraded: bool = False
    """Whether the answer is the text that the workflow declares for when nobody can answer."""


def summarise(entries: Iterable[Entry], beside: Mapping[str, Summary] | None = None) -> Summary:
    """The summary of a branch read from its start. Calls that a fork copied are its origin's, and not counted.

    With what the run's other branches show *beside* it, by path, it is the whole run's: what was called, used and paid in all of them, who
    worked where the run parted, who is waited for, and, while there is no answer, what went wrong in one of them.
    """
    entries, beside = tuple(entries), beside or {}
    copied = max((entry.number for entry in entries if isinstance(entry.body, Forked)), default=-1)
    path: list[str] = []
    answer: Any = None
    failure: Failure | None = None
    waiting: dict[str, None] = {}
    replies = failed = intents = tokens_in = tokens_out = cost = 0
    degraded = False
    for entry in entries:
        path += [entry.agent] if entry.agent else [agent for one in _parted(entry, beside) for agent in one.path]
        cost += entry.cost
        if entry.usage:
            tokens_in += entry.usage.input
            tokens_out += entry.usage.output
        failure = _failure(entry, failure)
        match entry.body:
            case Answer(value=value):
                answer = value
                degraded = degraded and not entry.agent
            case Routed(purpose="degrade"):
                degraded = True
            case ModelReply(cached=False) if entry.number > copied:
                replies += 1
            case ModelFailed() if entry.number > copied:
                failed += 1
            case ToolIntent() if entry.number > copied:
                intents += 1
            case ApprovalAsked(approval=approval):
                waiting[approval] = None
            case ApprovalGiven(approval=approval):
                waiting.pop(approval, None)
    others = tuple(beside.values())
    wrong = failure or next((one.failure for one in others if one.failure), None) if answer is None else failure
    return Summary(
        path=tuple(agent for agent, _ in groupby(path)),
        answer=answer,
        failure=wrong,
        model_calls=replies + sum(one.model_calls for one in others),
        tool_calls=intents + sum(one.tool_calls for one in others),
        input_tokens=tokens_in + sum(one.input_tokens for one in others),
        output_tokens=tokens_out + sum(one.output_tokens for one in others),
        cost=cost + sum(one.cost for one in others),
        waiting=(*waiting, *(approval for one in others for approval in one.waiting)),
        failed_calls=failed + sum(one.failed_calls for one in others),
        degraded=degraded,
    )


def _parted(entry: Entry, beside: Mapping[str, Summary]) -> list[Summary]:
    """What the branches show into which the run parts with *entry*."""
    return [beside[path] for path in entry.body.paths if path in beside] if isinstance(entry.body, Branched) else []


def _failure(entry: Entry, before: Failure | None) -> Failure | None:
    """What is wrong after *entry*, if *before* it was that. The platform's own text is no agent's answer."""
    match entry.body:
        case Answer():
            return None if entry.agent else before
        case Failure() as failure:
            return failure
        case ModelFailed(error=error, message=message):
            return Failure(error=error, message=message)
        case Routed(purpose="degrade", error=error) if before is None:  # no agent failed here: those in branches did
            return Failure(error=error, message="no agent had an answer that could be used")
    return before
