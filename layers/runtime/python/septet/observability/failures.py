"""Why runs did not succeed: a fixed taxonomy over the names of errors, and groups of alike failures."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Literal

from septet.core.errors import CLASSES
from septet.core.frozen import frozen
from septet.core.summaries import Summary

Kind = Literal["model", "result", "tool", "policy", "budget", "people", "loop", "input", "time", "stopped", "cancelled", "platform"]
"""Of failures."""
KINDS: Mapping[Kind, str] = {
    "model": "A model could not be asked, or declined",
    "result": "What agents made could not be used: not of its form, against a check, no answer in any branch, too many rows",
    "tool": "A tool did not do what it was asked for, or nobody knows whether it did, or it could not be undone",
    "policy": "The gateway, a tool or a person said no",
    "budget": "A limit on money, tokens, steps or open runs was reached",
    "people": "Nobody decided in time",
    "loop": "Agents repeated themselves",
    "input": "The input does not fit what is declared",
    "time": "The run, or a step of it, took longer than it may",
    "stopped": "An operator stopped it",
    "cancelled": "Somebody had it cancelled",
    "platform": "Something below failed, or something has no name: code, a store, AWS",
}
"""What each says of a run."""
_NAMES: Mapping[Kind, tuple[str, ...]] = {
    "model": ("ModelThrottled", "ModelUnavailable", "ModelRefused", "ContextOverflow"),
    "result": ("AnswerInvalid", "CheckFailed", "NoAnswer", "RowsFailed"),
    "tool": ("ToolFailed", "ToolTimedOut", "EffectUnknown", "NotUndone"),
    "policy": ("PolicyDenied",),
    "budget": ("BudgetExhausted", "Overloaded"),
    "people": ("ApprovalExpired",),
    "loop": ("LoopDetected",),
    "input": ("InputRejected",),
    "stopped": ("RunStopped", "AgentStopped"),
    "cancelled": ("RunCancelled",),
    "platform": ("Fenced", "StoreUnavailable", "BodyErased", "JournalDamaged"),
    "time": ("States.Timeout", "States.HeartbeatTimeout"),
}
_KINDS: Mapping[str, Kind] = {name: kind for kind, names in _NAMES.items() for name in names}
_STATUSES: Mapping[str, Kind] = {"stopped": "stopped", "timed_out": "time"}
EXAMPLES = 5
"""Runs that a group names."""


def kind(error: str, status: str = "failed") -> Kind:
    """What kind of failure the end of a run is, by the name of its *error* and by its *status*. Whatever has no name is the platform's."""
    return _KINDS.get(error) or _STATUSES.get(status, "platform")


def unnamed() -> frozenset[str]:
    """Error classes that the taxonomy has no kind for; there is none."""
    return frozenset(CLASSES) - _KINDS.keys()


@frozen
class Group:
    """Failures of one workflow that are alike."""

    kind: str
    error: str
    """Name of the class; where there is none, the status of the runs."""
    workflow: str
    agent: str
    """That failed; empty where none had worked."""
    count: int
    cost: int
    """Micro-dollars that these runs cost."""
    flagged: int
    """Of these runs, those that were found to be unusual while they ran."""
    first: int
    """When the first of them ended, in milliseconds since the epoch."""
    last: int
    runs: tuple[str, ...]
    """Examples, the latest first."""


def grouped(summaries: Iterable[Summary]) -> tuple[Group, ...]:
    """The failures among *summaries*, which tell each run once: the most frequent first, of those the latest."""
    alike: dict[tuple[str, str, str, str], list[tuple[int, Summary]]] = defaultdict(list)
    for one in summaries:
        if one.ended is not None and one.status != "succeeded":
            alike[one.kind, one.error or one.status, one.workflow, one.failing].append((one.ended, one))
    groups = [_group(key, sorted(found, key=_latest, reverse=True)) for key, found in alike.items()]
    return tuple(sorted(groups, key=lambda group: (-group.count, -group.last, group.kind, group.error, group.workflow, group.agent)))


def _latest(found: tuple[int, Summary]) -> tuple[int, str]:
    return found[0], found[1].run


def _group(key: tuple[str, str, str, str], found: list[tuple[int, Summary]]) -> Group:
    of, error, workflow, agent = key
    return Group(
        kind=of,
        error=error,
        workflow=workflow,
        agent=agent,
        count=len(found),
        cost=sum(one.cost for _, one in found),
        flagged=sum(bool(one.flagged) for _, one in found),
        first=found[-1][0],
        last=found[0][0],
        runs=tuple(one.run for _, one in found[:EXAMPLES]),
    )
