"""The small tree with one thing wrong, and what is said of it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.catalog import CatalogError, read

type Break = Callable[[Path], object]
type Case = tuple[Break, str]
"""What is wrong, and what is said of it: which file, which field, and what to do."""

SCOUT = "functions/agents/scout/agent.toml"
FIND = "functions/tools/find_thing/tool.toml"
PAY = "functions/tools/pay_thing/tool.toml"
GATEWAY = "functions/steps/gateway/step.toml"
MODELS = "policies/models.toml"
ERRAND = "state_machines/errand.asl.json"
ERRORS = "layers/runtime/python/septet/core/errors.py"
ANSWER = "functions/agents/clerk/answer.json"
INPUT = "state_machines/errand.input.json"
LIMITS = "policies/workflows.toml"


def add(file: str, text: str) -> Break:
    """Append to a file, or make it."""

    def act(tree: Path) -> None:
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        with (tree / file).open("a") as opened:
            opened.write(text)

    return act


def write(file: str, text: str) -> Break:
    """Write a file anew."""
    return lambda tree: (tree / file).write_text(text)


def swap(file: str, old: str, new: str) -> Break:
    def act(tree: Path) -> None:
        text = (tree / file).read_text()
        assert old in text
        (tree / file).write_text(text.replace(old, new, 1))

    return act


def drop(path: str) -> Break:
    def act(tree: Path) -> None:
        target = tree / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return act


def edit(file: str, change: Callable[[Any], object]) -> Break:
    """Change a JSON file."""

    def act(tree: Path) -> None:
        value = json.loads((tree / file).read_text())
        change(value)
        (tree / file).write_text(json.dumps(value))

    return act


def task(change: Callable[[dict[str, Any]], object]) -> Break:
    return edit(ERRAND, lambda machine: change(machine["States"]["The scout finds it"]))


def choice(change: Callable[[dict[str, Any]], object]) -> Break:
    return edit(ERRAND, lambda machine: change(machine["States"]["Has the scout finished?"]))


INNER: dict[str, Any] = {"StartAt": "First", "States": {"First": {"Type": "Pass", "End": True}}}


def inside(kind: str, **state: Any) -> Break:
    """Go on, instead of to the person, to a state with machines inside."""

    def change(machine: Any) -> None:
        machine["States"]["A person decides"] = {"Type": "Pass", "Next": "Both"}
        del machine["States"]["Nobody decided"]
        machine["States"]["Both"] = {"Type": kind, **state, "End": True}

    def unpromised(tree: Path) -> None:
        edit(ERRAND, change)(tree)
        promises = tree / "policies" / "slo.toml"
        lines = promises.read_text().splitlines(keepends=True)
        promises.write_text("".join(line for line in lines if not line.startswith("approval")))

    return unpromised


def both(*breaks: Break) -> Break:
    """One after the other."""

    def act(tree: Path) -> None:
        for one in breaks:
            one(tree)

    return act


def told(tree: Path, *cases: Case) -> CatalogError:
    """What is raised of *tree* when all of *cases* are wrong with it: it says each."""
    for break_it, _ in cases:
        break_it(tree)
    with pytest.raises(CatalogError) as caught:
        read(tree)
    assert [said for _, said in cases if said not in str(caught.value)] == []
    return caught.value
