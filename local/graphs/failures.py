"""What becomes of each failure in each state of a machine: read from its Retry and its Catch."""

from collections.abc import Iterator
from dataclasses import dataclass

from stacks.catalog.declarations import Json
from stacks.catalog.flow import inner_states, machines, tables

ANY = "States.ALL"
"""Stands for every error that no other rule of Catch names."""
TRIES = 3
"""Of a rule of Retry that gives no MaxAttempts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """What happens in *state* when one of *errors* occurs."""

    state: str
    errors: tuple[str, ...]
    tries: int
    """Retries before what follows."""
    then: str
    """The state that goes on; empty when the run fails under the error's name."""


def treatments(machine: Json) -> Iterator[Treatment]:
    """Every treatment that *machine* names, state by state; an error that is not named in a state ends the run under its name."""
    for _, part in machines(machine):
        for name, state in inner_states(part).items():
            yield from _of(name, state)


def _of(name: str, state: Json) -> Iterator[Treatment]:
    retried = {error: rule.get("MaxAttempts", TRIES) for rule in reversed(tables(state.get("Retry"))) for error in rule["ErrorEquals"]}
    caught = {error: rule["Next"] for rule in reversed(tables(state.get("Catch"))) for error in rule["ErrorEquals"]}
    groups: dict[tuple[int, str], list[str]] = {}
    for error in [*reversed(retried), *(error for error in reversed(caught) if error not in retried)]:
        groups.setdefault((retried.get(error, 0), caught.get(error, caught.get(ANY, ""))), []).append(error)
    for (tries, then), errors in groups.items():
        yield Treatment(state=name, errors=tuple(errors), tries=tries, then=then)
