"""How state machines end: each case is the shipped long-running case with one thing wrong, which the linter must name."""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from septet.core.errors import CLASSES
from stacks.catalog.ends import WORDS, ends
from stacks.catalog.flow import called
from stacks.catalog.lint import lint
from stacks.catalog.times import Times

type States = dict[str, Any]

MACHINES = Path(__file__).parents[2] / "state_machines"
SUPPLY: dict[str, Any] = json.loads((MACHINES / "supply.asl.json").read_text())
UNDOES = "What was cancelled is undone"
FAILED = "The case failed"
ENDS = ("The case is closed", "The case failed", "The case was cancelled", "Something stays done")


def found(change: Callable[[States], object]) -> list[str]:
    machine = deepcopy(SUPPLY)
    change(machine["States"])
    return [f"{place}: {sentence}" for place, sentence in ends(machine, CLASSES)]


def test_the_shipped_case_ends_well() -> None:
    assert found(lambda _: None) == []
    assert called(SUPPLY["States"][UNDOES]) == "StepCompensate"
    assert {name for name, state in SUPPLY["States"].items() if state["Type"] in ("Succeed", "Fail")} == set(ENDS)


def _last(state: str) -> Callable[[States], object]:
    return lambda states: states[state]["Catch"].pop()


WRONG: dict[str, tuple[Callable[[States], object], str]] = {
    "a way to the end past undoing": (
        lambda states: states["Has the clerk finished?"].update(Default="The case is closed"),
        "The case is closed: is come to without ${StepCompensate}",
    ),
    "a failure's way to the end past undoing": (
        lambda states: states["The clerk tells the customer"]["Catch"][-1].update(Next=FAILED),
        "The case failed: is come to without ${StepCompensate}",
    ),
    "a state that ends by itself": (
        lambda states: states["A delivery is late"].update(End=True),
        "A delivery is late: is come to without ${StepCompensate}",
    ),
    "an agent whose failure nobody catches": (
        _last("The buyer decides"),
        "The buyer decides: may fail and end the run without ${StepCompensate}: catch States.ALL last",
    ),
    "a wait whose failure nobody catches": (_last("The supplier is asked"), "The supplier is asked: may fail and end the run without"),
    "undoing whose failure nobody catches": (_last(UNDOES), f"{UNDOES}: may fail itself, and nobody be asked"),
    "an error that is none": (
        lambda states: states["The case was cancelled"].update(Error="RunCanceled"),
        "The case was cancelled: ends in 'RunCanceled', did you mean 'RunCancelled'?",
    ),
    "no error": (lambda states: states["The case was cancelled"].pop("Error"), "The case was cancelled: ends in ''"),
    "an error that may be any text": (
        lambda states: states[FAILED].update(Error="{% $outcome %}"),
        "The case failed: ends in {% $outcome %}, which may be any text",
    ),
    "a name that the language keeps to itself": (
        lambda states: states[FAILED].update(Error="{% $failed %}"),
        "The case failed: ends in {% $failed %}, which may be any text",
    ),
    "a name that nothing catches": (
        lambda states: states[FAILED].update(Error="{% $substringAfter($heard, 'States.') %}"),
        "The case failed: ends in $heard, which no rule of Catch assigns",
    ),
    "a name that may be an answer": (
        lambda states: states["The buyer decides"]["Assign"].update(failed="{% $states.result.Payload.outcome %}"),
        "The case failed: ends in $failed, which is also assigned '{% $states.result.Payload.outcome %}'",
    ),
    "words that go to a function": (
        lambda states: states["The buyer decides"]["Arguments"]["Payload"].update(note="{% $why %}"),
        "The buyer decides: uses $why, an error's own words",
    ),
    "words that are chosen by": (
        lambda states: states["Is everything undone?"]["Choices"][0].update(Condition="{% $why = 'none' %}"),
        "Is everything undone?: uses $why, an error's own words",
    ),
    "words that are not alone": (
        lambda states: states[FAILED].update(Cause="{% 'It failed: ' & $why %}"),
        "The case failed: uses $why, an error's own words",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_named(wrong: str) -> None:
    change, sentence = WRONG[wrong]
    (said,) = found(change)
    assert said.startswith(sentence)


def test_a_workflow_that_cannot_be_cancelled_ends_as_it_likes() -> None:
    machine = {"StartAt": "A", "States": {"A": {"Type": "Task", "Next": "B"}, "B": {"Type": "Succeed"}}}
    assert list(ends(machine, CLASSES)) == []


@pytest.mark.parametrize("words", ["{% $states.errorOutput.Cause %}", "{% $states.errorOutput %}", WORDS.replace("''", "$x")])
def test_an_error_s_words_are_assigned_in_one_way_alone(words: str) -> None:
    machine = deepcopy(SUPPLY)
    machine["States"]["The buyer decides"]["Catch"][-1]["Assign"]["why"] = words
    said = [sentence for place, sentence in lint(machine, {}, Times()) if place == "The buyer decides"]
    assert any("passes on $states.errorOutput as a whole" in sentence for sentence in said)
    machine["States"]["The buyer decides"]["Catch"][-1]["Assign"] = {}
    machine["States"]["The buyer decides"]["Catch"][-1]["Output"] = WORDS
    assert any("passes on" in sentence for place, sentence in lint(machine, {}, Times()) if place == "The buyer decides")


OVER = {"research": "Specialists look for answers", "assess": "Assessors examine the claim"}
"""The maps over branches."""
NOT_GAP = "may fail and end the run of all branches: catch States.ALL last, with a Next that leaves this branch as a gap"


def parted(workflow: str, change: Callable[[States], object]) -> list[str]:
    machine = json.loads((MACHINES / f"{workflow}.asl.json").read_text())
    change(machine["States"][OVER[workflow]]["ItemProcessor"]["States"])
    return [f"{place}: {sentence}" for place, sentence in ends(machine, CLASSES)]


@pytest.mark.parametrize("workflow", OVER)
def test_one_dead_branch_is_a_gap_whatever_killed_it(workflow: str) -> None:
    items = json.loads((MACHINES / f"{workflow}.asl.json").read_text())["States"][OVER[workflow]]["ItemProcessor"]["States"]
    tasks = [name for name, state in items.items() if state["Type"] == "Task"]
    assert tasks
    assert parted(workflow, lambda _: None) == []
    for name in tasks:
        said = parted(workflow, _last(name))
        assert said == [f"{OVER[workflow]}.ItemProcessor.{name}: {NOT_GAP}"]
        assert parted(workflow, _named(name, "Lambda.Unknown", "States.Timeout")) == said, "classes by their names are not all"


def _named(state: str, *errors: str) -> Callable[[States], object]:
    return lambda states: states[state]["Catch"][-1].update(ErrorEquals=errors)


def test_a_branch_that_ends_the_run_of_all_is_named() -> None:
    fail = {"Type": "Fail", "Error": "NoAnswer"}
    (said,) = parted("research", lambda states: states.update({"The question stays open": fail}))
    place = f"{OVER['research']}.ItemProcessor.The question stays open"
    assert said == f"{place}: ends the run of all branches: let the item end in a Pass, and this branch be a gap"


def test_maps_inside_an_item_fail_into_the_gap_too() -> None:
    inner = {"Type": "Map", "ItemProcessor": {"StartAt": "In", "States": {"In": {"Type": "Task", "End": True}}}, "End": True}
    place = f"{OVER['research']}.ItemProcessor.More"
    assert parted("research", lambda states: states.update(More=inner)) == [f"{place}: {NOT_GAP}", f"{place}.ItemProcessor.In: {NOT_GAP}"]


def test_a_map_over_something_else_may_fail() -> None:
    item = {"StartAt": "In", "States": {"In": {"Type": "Task", "End": True}}}
    assert list(ends({"StartAt": "All", "States": {"All": {"Type": "Map", "ItemProcessor": item, "End": True}}}, CLASSES)) == []
