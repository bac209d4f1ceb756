"""Many steps told as few: those of one turn that went as usual stand together, so that what was decided is not lost among them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from local.cli.api import Document
from local.cli.plain import counted
from local.cli.step_words import SHOWN

FEW = 60
"""Steps that are shown one by one in any case."""
_LEAST = 4
"""Steps that are worth a group."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Steps of one turn in a row."""

    steps: tuple[Document, ...]

    @property
    def what(self) -> str:
        """How many of what."""
        calls = sum(step["kind"] == "model" for step in self.steps)
        tools = Counter(step["what"] for step in self.steps if step["kind"] == "tool")
        told = [counted(calls, "model call", "model calls")] if calls else []
        told += [f"{counted(tools.total(), 'tool call', 'tool calls')} ({_named(tools)})"] if tools else []
        return ", ".join(told) or counted(len(self.steps), "step", "steps")

    @property
    def step(self) -> Document:
        """All of them as one step."""
        first, ends = self.steps[0], [step["end"] for step in self.steps]
        cost = sum(step["cost_microdollars"] for step in self.steps)
        return {**first, "kind": "group", "what": self.what, "end": max(ends), "cost_microdollars": cost, "reasons": []}


def grouped(steps: Sequence[Document], *, every: bool) -> list[Document | Group]:
    """*steps* in order, with groups in place of what went as usual, unless *every* one is wanted or they are few."""
    if every or len(steps) <= FEW:
        return list(steps)
    return list(_grouped(steps))


def _grouped(steps: Sequence[Document]) -> Iterator[Document | Group]:
    """A group stands where its first step did; what other branches do meanwhile does not break it up."""
    runs: dict[int, list[Document]] = {}
    going: dict[tuple[str, str], int] = {}
    for step in steps:
        branch, place = (step["branch"], step["turn"]), step["place"]
        if not usual(step):
            going = {key: first for key, first in going.items() if key[0] != step["branch"]}
            continue
        first = going.setdefault(branch, place)
        runs.setdefault(first, []).append(step)
    kept = {first: run for first, run in runs.items() if len(run) >= _LEAST}
    told = {step["place"] for run in kept.values() for step in run}
    for step in steps:
        if step["place"] in kept:
            yield Group(steps=tuple(kept[step["place"]]))
        elif step["place"] not in told:
            yield step


def usual(step: Document) -> bool:
    """Whether nothing was decided in *step* that somebody may ask about."""
    if step["fate"] != "done" or step["effect"]:
        return False
    match step["kind"]:
        case "model":
            return all(reason["text"].startswith(SHOWN) for reason in step["reasons"])
        case "tool":
            return all(reason["by"] in {"model", "policy"} for reason in step["reasons"])
        case kind:
            return bool(kind == "compacted")


def _named(tools: Counter[str]) -> str:
    most = tools.most_common(4)
    more = f", {len(tools) - len(most)} more" if len(tools) > len(most) else ""
    return ", ".join(f"{tool} x{number}" if number > 1 else tool for tool, number in most) + more
