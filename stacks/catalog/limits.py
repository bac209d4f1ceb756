"""``policies/workflows.toml``: the most that a run of each workflow may use, held against the most that it can."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from stacks.catalog.fields import Fields, by_workflow
from stacks.catalog.figures import Worst
from stacks.catalog.problems import Problems
from stacks.catalog.worst import MOST_EVENTS

FILE = "policies/workflows.toml"
_MICRO = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """What a run of one workflow may use."""

    money: int
    """Micro-dollars."""
    model_calls: int
    seconds: int
    transitions: int
    cut_off: Mapping[str, str]
    """The states that may end before the functions that they call, and why."""


def limits(root: Path, workflows: Collection[str], problems: Problems) -> Mapping[str, Limit]:
    """The limits by workflow. Each workflow has some, and nothing else has."""
    tables = by_workflow(
        root / FILE, FILE, workflows, problems, holds=lambda _: "the money, model_calls, seconds and transitions a run may use"
    )
    return {name: _limit(table) for name, table in tables.items()}


def _limit(fields: Fields) -> Limit:
    cut_off = fields.within("cut_off")
    found = Limit(
        money=fields.dollars("money"),
        model_calls=fields.whole("model_calls", 0, 100_000),
        seconds=fields.whole("seconds", 1, 365 * 24 * 3600),
        transitions=fields.whole("transitions", 1, 10_000_000),
        cut_off={name: cut_off.text(name) for name in cut_off.values},
    )
    fields.done()
    return found


def check(name: str, found: Worst, limit: Limit, problems: Problems) -> None:
    """Note where a run of the workflow *name* can use more than it may."""
    pairs = {"model_calls": "", "seconds": "", "transitions": ""}
    for key in pairs:
        most, allowed = getattr(found, key), getattr(limit, key)
        if most > allowed:
            problems.add(FILE, f"{name}.{key}", f"is {allowed}, and a run can use {most}: lower what its states may, or raise this")
    if found.money > limit.money:
        sentence = (
            f'is "{limit.money / _MICRO:g}", and the turns of a run can cost {found.money / _MICRO:g}: lower their limits, or raise this'
        )
        problems.add(FILE, f"{name}.money", sentence)
    if found.events > MOST_EVENTS:
        sentence = f"can write {found.events} events, and Step Functions ends an execution at {MOST_EVENTS}: retry less, or part the work"
        problems.add(f"state_machines/{name}.asl.json", "", sentence)
