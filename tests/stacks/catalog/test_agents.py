"""What an agent declares."""

from pathlib import Path

import pytest

from stacks.catalog import read
from tests.stacks.catalog.breaking import (
    ANSWER,
    SCOUT,
    Case,
    add,
    edit,
    swap,
    told,
)

CASES: dict[str, Case] = {
    "a cache for ever": (
        add(SCOUT, "[cache]\nseconds = 99999999\n"),
        f"{SCOUT}: cache.seconds: is 99999999: give a whole number from 0 to 604800",
    ),
    "a misspelt cache": (add(SCOUT, "[cache]\nsecond = 60\n"), f"{SCOUT}: cache.second: is no key here, did you mean 'seconds'?"),
    "unknown tool": (swap(SCOUT, '"find_thing"', '"find_thng"'), f"{SCOUT}: tools: names 'find_thng', did you mean 'find_thing'?"),
    "hands over to nobody": (swap(SCOUT, '"clerk"', '"clerc"'), f"{SCOUT}: hand_over_to: names 'clerc', did you mean 'clerk'?"),
    "hands over to itself": (swap(SCOUT, '"clerk"', '"scout"'), f"{SCOUT}: hand_over_to: names 'scout'"),
    "open answer": (
        edit("functions/agents/clerk/answer.json", lambda schema: schema.pop("additionalProperties")),
        "functions/agents/clerk/answer.json: schema: must have type",
    ),
    "free text to route by": (
        edit(ANSWER, lambda schema: schema["properties"]["paid"].update(type="string")),
        f"{ANSWER}: schema.properties.paid: is marked x-septet-routing, so it must be an enum, a boolean, or a number with minimum and",
    ),
    "free text to route by, deep inside": (
        edit(
            ANSWER, lambda schema: schema["properties"].update(all={"type": "array", "items": {"type": "string", "x-septet-routing": True}})
        ),
        f"{ANSWER}: schema.properties.all.items: is marked x-septet-routing",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize("case", ["free text to route by"])
def test_one_fault_is_one_problem(tree: Path, case: str) -> None:
    assert len(told(tree, CASES[case]).problems) == 1


def test_an_enum_may_be_routed_by(tree: Path) -> None:
    edit(ANSWER, lambda schema: schema["properties"]["paid"].update(type="string", enum=["yes", "no"]))(tree)
    assert read(tree)
