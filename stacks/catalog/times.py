"""How long states may last: longer than the functions that they call, shorter than the run, and by no seconds that nothing bounds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stacks.catalog.declarations import Json
from stacks.catalog.flow import called, states, table, tables

WAITS = ".waitForTaskToken"
_ASKS = "StepAskPerson"
EXPIRED = ("States.Timeout", "States.HeartbeatTimeout")
_LEFT = re.compile(r"\{%\s*\$([A-Za-z_]\w*)\s*(?:\+\s*\d{1,3}\s*)?%\}")
_SECONDS = "{% $states.result.Payload.seconds %}"
_LIMITS = "policies/workflows.toml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Times:
    """What the seconds of a machine's states are held against."""

    functions: Mapping[str, int] = field(default_factory=dict)
    """By hole, the function's own timeout in seconds."""
    expiries: Mapping[str, int] = field(default_factory=dict)
    """By an agent's hole, the seconds that a question about one of its calls stays open at most."""
    cut_off: Mapping[str, str] = field(default_factory=dict)
    """By the state's name, why it may end before its function."""


def times(name: str, state: Json, machine: Json, known: Times) -> Iterator[str]:
    """What is wrong with how long *state*, which is called *name* and is somewhere in *machine*, may last."""
    longest = machine.get("TimeoutSeconds")
    if state.get("Type") == "Wait":
        yield from _within(state.get("Seconds"), longest)
    if state.get("Type") == "Task":
        yield from _within(state.get("TimeoutSeconds"), longest)
        yield from _beating(state)
        yield from _computed(state, machine)
        yield from _outlasting(name, state, known)
        yield from _asked(state, longest, known)
        if _waits(state):
            yield from _unanswered(state)


def idle(machine: Json, known: Times) -> list[str]:
    """The states that are declared to be cut off and are none that would be."""
    tasks = {name: state for name, state in states(machine) if state.get("Type") == "Task"}
    cut = {name for name, state in tasks.items() if called(state) not in known.functions or _short(state, known) is not None}
    return sorted(known.cut_off.keys() - cut)


def _waits(state: Json) -> bool:
    return str(state.get("Resource", "")).endswith(WAITS)


def _within(seconds: Any, longest: Any) -> Iterator[str]:
    if type(seconds) is int and type(longest) is int and seconds >= longest:
        yield f"may last {seconds} seconds, and the whole run {longest}: give it less, or the run more"


def _beating(state: Json) -> Iterator[str]:
    beat, seconds = state.get("HeartbeatSeconds"), state.get("TimeoutSeconds")
    if beat is not None and type(beat) is not int:
        yield f"has a heartbeat of {beat}: give a whole number of seconds"
    if type(beat) is int and type(seconds) is int and beat >= seconds:
        yield f"has a heartbeat of {beat} seconds, which is never missed within its {seconds}: give it less, or leave it out"


def _unanswered(state: Json) -> Iterator[str]:
    caught = {error for rule in tables(state.get("Catch")) for error in rule.get("ErrorEquals", ())}
    if missing := [error for error in EXPIRED if error not in caught]:
        yield f"waits for somebody who may never answer: catch {' and '.join(missing)}, and say what happens then"


def _computed(state: Json, machine: Json) -> Iterator[str]:
    """Seconds that nothing bounds: computed ones are those that a question is still open, as the agent that it is about said."""
    seconds = state.get("TimeoutSeconds")
    if not isinstance(seconds, str):
        return
    left = _LEFT.fullmatch(seconds)
    if not (left and called(state) == _ASKS and _waits(state) and _open(left[1], machine)):
        yield (
            f"lasts {seconds}, which may be any time: give a whole number; ${{{_ASKS}}} alone may wait by a variable, which nothing but "
            f'calls of agents assigns, with "{_SECONDS}"'
        )


def _open(variable: str, machine: Json) -> bool:
    """Whether *variable* can hold nothing but the seconds that a question is still open."""
    given = [
        holder is state and called(state).startswith("Agent") and value == _SECONDS
        for _, state in states(machine)
        for holder in (state, *tables(state.get("Catch")), *tables(state.get("Choices")))
        for name, value in table(holder.get("Assign")).items()
        if name == variable
    ]
    return bool(given) and all(given)


def _asked(state: Json, longest: Any, known: Times) -> Iterator[str]:
    """A question about a call of the agent that *state* calls is over while the run still goes on."""
    seconds = known.expiries.get(called(state), 0)
    if type(longest) is int and seconds >= longest:
        yield f"calls an agent whose question to a person is open for {seconds} seconds, and the whole run may last {longest}: give it more"


def _short(state: Json, known: Times) -> int | None:
    """The seconds after which *state* is over although its function may still be at work; None where it is not."""
    given = [value for key in ("TimeoutSeconds", "HeartbeatSeconds") if type(value := state.get(key)) is int]
    return min(given) if given and min(given) <= known.functions.get(called(state), 0) else None


def _outlasting(name: str, state: Json, known: Times) -> Iterator[str]:
    seconds = _short(state, known)
    if seconds is None:
        return
    if name not in known.cut_off:
        yield (
            f"ends after {seconds} seconds, and ${{{called(state)}}} after {known.functions[called(state)]}, so it may still be at work "
            f'beside what follows: give more, or say why in {_LIMITS}: [NAME.cut_off], "{name}" = "..."'
        )
    retried = {error for rule in tables(state.get("Retry")) for error in rule.get("ErrorEquals", ()) if rule.get("MaxAttempts", 1)}
    if again := sorted(retried.intersection(EXPIRED)):
        yield f"retries {again[0]} while the function that it cut off may still be at work: catch it, and go on without"
