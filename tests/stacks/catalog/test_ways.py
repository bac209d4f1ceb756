"""The ways through a state machine: every state is reached, and every ring is bounded."""

from pathlib import Path
from typing import Any

import pytest

from stacks.catalog import read
from tests.stacks.catalog.breaking import (
    ERRAND,
    INNER,
    LIMITS,
    Break,
    Case,
    choice,
    edit,
    inside,
    task,
    told,
)


def counting(condition: str, *, at: str = "The scout finds it", anew: bool = False) -> Break:
    """Let the choice go back by *condition*, with a counter that the state *at* counts; *anew*, and which the choice's own rule sets."""

    def change(machine: Any) -> None:
        states = machine["States"]
        states["Nobody decided"] = {"Type": "Pass", "End": True}
        states[at].setdefault("Assign", {})["rounds"] = "{% $rounds + 1 %}"
        rule = {"Condition": condition, "Next": "The scout finds it"} | ({"Assign": {"rounds": 0}} if anew else {})
        states["Has the scout finished?"]["Choices"].append(rule)

    return edit(ERRAND, change)


CASES: dict[str, Case] = {
    "a fault inside a branch": (
        edit(
            ERRAND,
            lambda machine: machine["States"].update(
                Both={
                    "Type": "Parallel",
                    "Branches": [{"StartAt": "Inner", "States": {"Inner": {"Type": "Task", "Resource": "${AgentScout}"}}}],
                }
            ),
        ),
        "Inner: needs TimeoutSeconds",
    ),
    "start at no state": (
        edit(ERRAND, lambda machine: machine.update(StartAt="The scout finds")),
        f"{ERRAND}: StartAt: names 'The scout finds', did you mean 'The scout finds it'?: there is no such state here; there is A person",
    ),
    "no start": (edit(ERRAND, lambda machine: machine.pop("StartAt")), f"{ERRAND}: StartAt: is missing: give the name of a state"),
    "no states": (edit(ERRAND, lambda machine: machine.update(States=[])), f"{ERRAND}: StartAt: names 'The scout finds it': there is no"),
    "on to no state": (
        task(lambda state: state.update(Next="Has the scout finished")),
        f"{ERRAND}: The scout finds it.Next: names 'Has the scout finished', did you mean 'Has the scout finished?'?",
    ),
    "by default to no state": (
        choice(lambda state: state.update(Default="A person decide")),
        f"{ERRAND}: Has the scout finished?.Default: names 'A person decide', did you mean 'A person decides'?",
    ),
    "chosen to no state": (
        choice(lambda state: state["Choices"][0].update(Next="The scout")),
        f"{ERRAND}: Has the scout finished?.Choices[0].Next: names 'The scout'",
    ),
    "chosen to nowhere": (choice(lambda state: state["Choices"][0].pop("Next")), "Has the scout finished?.Choices[0].Next: is missing"),
    "caught into no state": (
        task(lambda state: state["Catch"][0].update(Next="A person")),
        f"{ERRAND}: The scout finds it.Catch[0].Next: names 'A person'",
    ),
    "a state that nothing leads to": (
        edit(ERRAND, lambda machine: machine["States"].update(Lost={"Type": "Succeed"})),
        f"{ERRAND}: Lost: is reached from no other state: lead to it with a Next, or remove it",
    ),
    "a branch that starts at no state": (
        inside("Parallel", Branches=[INNER | {"StartAt": "Fist"}]),
        "Both.Branches[0].StartAt: names 'Fist'",
    ),
    "a branch that goes on outside": (
        inside("Parallel", Branches=[INNER, {"StartAt": "Out", "States": {"Out": {"Type": "Pass", "Next": "A person decides"}}}]),
        "Both.Branches[1].Out.Next: names 'A person decides': there is no such state here; there is Out",
    ),
    "a map with a state that nothing leads to": (
        inside("Map", ItemProcessor={**INNER, "States": {**INNER["States"], "Lost": {"Type": "Succeed"}}}),
        f"{ERRAND}: Both.ItemProcessor.Lost: is reached from no other state",
    ),
    "a ring that nothing bounds": (
        choice(lambda state: state["Choices"].append({"Condition": "{% $again %}", "Next": "The scout finds it"})),
        "may go round for ever (Has the scout finished? -> The scout finds it -> Has the scout finished?): let a Choice in it ask",
    ),
    "a counter that nobody counts": (
        choice(lambda state: state["Choices"].append({"Condition": "{% $rounds < 3 %}", "Next": "The scout finds it"})),
        "may go round for ever",
    ),
    "a counter beside another way on": (counting("{% $rounds < 3 or $again %}"), "may go round for ever"),
    "a counter turned round": (counting("{% $not($rounds < 3) %}"), "may go round for ever"),
    "a counter that is counted elsewhere": (counting("{% $rounds < 3 %}", at="Nobody decided"), "may go round for ever"),
    "a counter that is set anew": (counting("{% $rounds < 3 %}", anew=True), "may go round for ever"),
    "hand-overs that nothing bounds": (
        choice(lambda state: state["Choices"].append({"Condition": "{% $outcome = 'hand_over' %}", "Next": "The scout finds it"})),
        "may go round for ever",
    ),
    "a variable of the outside assigned inside": (
        inside("Map", ItemProcessor={"StartAt": "In", "States": {"In": {"Type": "Pass", "Assign": {"outcome": "x"}, "End": True}}}),
        f"{ERRAND}: Both.ItemProcessor.In: assigns outcome, which a state around it assigns too: use another name inside",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize(
    "case",
    ["start at no state", "on to no state", "by default to no state", "a state that nothing leads to", "a branch that starts at no state"],
)
def test_one_fault_is_one_problem(tree: Path, case: str) -> None:
    assert len(told(tree, CASES[case]).problems) == 1


@pytest.mark.parametrize("condition", ["{% $rounds < 3 %}", "{% $again and $rounds < 3 %}", "{% ($rounds < 3) %}"])
def test_a_ring_whose_counter_is_counted_each_time_is_bounded(tree: Path, condition: str) -> None:
    counting(condition)(tree)
    (tree / LIMITS).write_text((tree / LIMITS).read_text().replace("420", "9_000"))
    assert read(tree)
