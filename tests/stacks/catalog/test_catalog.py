"""The catalogue as a whole; what it says of trees with one thing wrong each is beside."""

from pathlib import Path

from stacks.catalog import read
from tests.stacks.catalog.breaking import (
    MODELS,
    SCOUT,
    add,
    swap,
    task,
    told,
)


def test_the_small_tree_is_read(tree: Path) -> None:
    catalog = read(tree)
    assert list(catalog.agents) == ["clerk", "scout"]
    assert [function.hole for function in catalog.functions if function.kind == "tool"] == ["ToolFindThing", "ToolPayThing"]
    assert catalog.workflows["errand"].functions == ("AgentScout", "StepAskPerson")
    assert catalog.workflows["errand"].errors == {
        "ModelThrottled",
        "PolicyDenied",
        "Lambda.TooManyRequestsException",
        "States.Timeout",
        "States.HeartbeatTimeout",
    }


def test_all_problems_are_told_at_once(tree: Path) -> None:
    found = told(
        tree,
        (add(SCOUT, "memry = 1\n"), f"{SCOUT}: memry: is no key here, did you mean 'memory'?"),
        (swap(MODELS, '"bedrock"', '"bedrok"'), "models.small-model.provider: is 'bedrok', did you mean 'bedrock'?"),
        (add("policies/tools/old.json", "{}"), "policies/tools/old.json: belongs to no folder functions/tools/old/"),
        (task(lambda state: state.pop("TimeoutSeconds")), "The scout finds it: needs TimeoutSeconds"),
        (
            swap("policies/tools/pay_thing.json", "RefundsTable", "RefundTable"),
            "asks for ${RefundTable}, did you mean 'RefundsTable'?",
        ),
    )
    assert str(found).startswith(f"{len(found.problems)} problems")
