"""Another agent, by declaration: who goes on with the work of one that failed. Decided by the journal alone, and written into it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from septet.core.entries import Body, Entry, Failure, Routed
from septet.core.errors import EffectUnknown, InputRejected
from septet.core.frozen import frozen
from septet.orchestration.mainline import Mainline
from septet.orchestration.routes import ANY, Worker
from septet.orchestration.since import pending, present

PURPOSE = "take_over"
TRIES = 2
"""How often an agent may be sent into one run to take over."""
NOBODY = frozenset(
    {
        "ApprovalExpired",
        "BodyErased",
        "EffectUnknown",
        "Fenced",
        "InputRejected",
        "JournalDamaged",
        "PolicyDenied",
        "RunStopped",
        "StoreUnavailable",
    }
)
"""Failures that another agent would only repeat, or must not be let near; whatever is declared."""


@frozen
class Successor:
    """Who takes over, and why."""

    to: str
    """The agent; empty for nobody."""
    person: bool
    """Whether a person has to look before anybody goes on: an effect may or may not have happened."""
    rationale: Mapping[str, Any]


def successor(worker: Worker, error: str, entries: Sequence[Entry], stopped: Collection[str]) -> Successor:
    """Who takes over from *worker*, which failed with *error* after *entries*; *stopped* are agents that an operator stopped.

    The agents declared for the class come first, then those for any. One that failed in this run, that is stopped, or that was sent
    ``TRIES`` times already is passed over; so a run ends, whatever refers to whom.
    """
    if error in NOBODY or unknown(worker.name, entries):
        return Successor(to="", person=error == EffectUnknown.__name__ or unknown(worker.name, entries), rationale={"never": error})
    failed = {worker.name, *failures(entries)}
    sent = Counter(entry.body.to for entry in present(entries) if isinstance(entry.body, Routed) and entry.body.purpose == PURPOSE)
    passed: dict[str, str] = {}
    for name in dict.fromkeys((*worker.fallback.get(error, ()), *worker.fallback.get(ANY, ()))):
        if name in failed:
            passed[name] = "failed in this run"
        elif name in stopped:
            passed[name] = "is stopped"
        elif sent[name] >= TRIES:
            passed[name] = f"was sent {TRIES} times"
        else:
            declared = error if name in worker.fallback.get(error, ()) else ANY
            return Successor(to=name, person=False, rationale={"declared_for": declared, "passed_over": passed})
    return Successor(to="", person=False, rationale={"passed_over": passed})


def failures(entries: Sequence[Entry]) -> set[str]:
    """The agents that failed in the present attempt: by their own word, or because somebody was to take over from them."""
    now = present(entries)
    said = {entry.agent for entry in now if isinstance(entry.body, Failure) and entry.agent}
    return said | {entry.body.of for entry in now if isinstance(entry.body, Routed) and entry.body.purpose == PURPOSE}


def unknown(agent: str, entries: Sequence[Entry]) -> bool:
    """Whether *agent* ended with an effect of which nobody knows; what a state machine was told may be another, later error."""
    ends = [entry.body for entry in present(entries) if entry.agent == agent and isinstance(entry.body, Failure)]
    return bool(ends) and ends[-1].error == EffectUnknown.__name__


def take_over(line: Mainline, workers: Mapping[str, Worker], stopped: Collection[str], *, agent: str, error: str) -> Successor:
    """Decide who takes over from *agent*, and write it down; asked again before anybody works on, the same. Raises InputRejected."""
    if agent not in workers:
        raise InputRejected(f"agent must be one that is declared, not {agent!r}")

    def make(entries: Sequence[Entry]) -> tuple[Body, Mapping[str, str]]:
        found = successor(workers[agent], error, entries, stopped)
        rationale = {**found.rationale, "person": found.person}
        return Routed(purpose=PURPOSE, of=agent, to=found.to, error=error, rationale=rationale), {}

    body = line.once(lambda entries: pending(entries, PURPOSE, agent), make).body
    if not isinstance(body, Routed):  # what is found or made is one
        raise TypeError(body)
    return Successor(to=body.to, person=bool(body.rationale["person"]), rationale=body.rationale)
