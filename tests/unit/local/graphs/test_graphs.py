"""The drawings and the page show every state, every way and every failure of a machine."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from local.graphs.__main__ import ROOT, draw, files
from local.graphs.dot import condition, dot
from local.graphs.failures import Treatment, treatments
from local.graphs.page import CRASH, SERVICE, page
from stacks.catalog import Catalog, read
from stacks.catalog.figures import Worst
from stacks.catalog.flow import machines, states

TASK: dict[str, Any] = {
    "Type": "Task",
    "Retry": [{"ErrorEquals": ["ModelThrottled"], "MaxAttempts": 4}, {"ErrorEquals": ["ToolFailed", "ModelThrottled"]}],
    "Catch": [{"ErrorEquals": ["ToolFailed", "LoopDetected"], "Next": "Sorry"}],
    "Next": "Each",
}
EACH = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
MACHINE: dict[str, Any] = {
    "StartAt": "Work",
    "States": {
        "Work": TASK,
        "Each": {"Type": "Map", "ItemProcessor": EACH, "Next": "Sorry"},
        "Sorry": {"Type": "Fail"},
    },
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return read(ROOT)


def test_the_page_and_the_drawings_are_current(catalog: Catalog) -> None:
    wanted = files(catalog)
    there = {f"docs/workflows/{path.name}" for path in (ROOT / "docs/workflows").iterdir()} | {"docs/workflows.md"}
    assert there == wanted.keys(), "run `python -m local.graphs`"
    stale = [name for name, text in wanted.items() if (ROOT / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run `python -m local.graphs`"


def test_a_drawing_shows_every_state_of_its_machine(catalog: Catalog) -> None:
    for name, workflow in catalog.workflows.items():
        drawn = ET.parse(ROOT / f"docs/workflows/{name}.svg")  # noqa: S314 -- written by our own command
        titles = {title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")}
        parts = machines(json.loads(workflow.definition))
        assert {f"{where}{state}" for where, part in parts for state in part["States"]} <= titles


def test_a_graph_has_each_state_and_each_way() -> None:
    text = dot(MACHINE)
    for line in (
        '"Work" -> "Each"',
        '"Work" -> "Sorry" [label="ToolFailed, LoopDetected", style=dashed',
        '"Each" -> "Each.ItemProcessor.One"',
    ):
        assert line in text
    assert text.count('"Each.ItemProcessor.One" [label=') == 1


def test_many_kinds_of_failure_are_counted() -> None:
    many = {**TASK, "Catch": [{"ErrorEquals": ["A", "B", "C", "D"], "Next": "Sorry"}]}
    assert 'label="4 kinds of failure"' in dot({**MACHINE, "States": {**MACHINE["States"], "Work": many}})


def test_a_name_cannot_break_out_of_the_graph() -> None:
    name = 'A "quoted" \\ state'
    drawn = draw({"odd": dot({"StartAt": name, "States": {name: {"Type": "Succeed"}}})})
    assert "quoted" in drawn["odd"]


def test_a_condition_is_read_without_its_marks() -> None:
    assert condition({"Condition": "{% $outcome = 'continue' %}"}) == "outcome = 'continue'"


def test_what_is_retried_and_caught_is_told_with_both_and_the_first_rule_counts() -> None:
    assert set(treatments(MACHINE)) == {
        Treatment(state="Work", errors=("ModelThrottled",), tries=4, then=""),
        Treatment(state="Work", errors=("ToolFailed",), tries=3, then="Sorry"),
        Treatment(state="Work", errors=("LoopDetected",), tries=0, then="Sorry"),
    }


def test_what_catches_all_catches_what_no_other_rule_names() -> None:
    work = TASK | {"Catch": [*TASK["Catch"], {"ErrorEquals": ["States.ALL"], "Next": "End"}]}
    assert set(treatments({"StartAt": "Work", "States": {"Work": work}})) == {
        Treatment(state="Work", errors=("ModelThrottled",), tries=4, then="End"),
        Treatment(state="Work", errors=("ToolFailed",), tries=3, then="Sorry"),
        Treatment(state="Work", errors=("LoopDetected",), tries=0, then="Sorry"),
        Treatment(state="Work", errors=("States.ALL",), tries=0, then="End"),
    }


def test_every_failure_that_a_machine_names_is_on_the_page(catalog: Catalog) -> None:
    for name, workflow in catalog.workflows.items():
        machine = json.loads(workflow.definition)
        text = page({name: (machine, workflow.description, Worst())})
        rules = [rule for _, state in states(machine) for key in ("Retry", "Catch") for rule in state.get(key, [])]
        named = {error for rule in rules for error in rule["ErrorEquals"]}
        assert ("States.ALL" in named) == ("| anything else |" in text)
        named.discard("States.ALL")
        assert [error for error in named if f"`{error}`" not in text] == []
        assert all(f"`{error}`" in text for error in (*SERVICE, *CRASH))
