"""What states pass on: ids and short words, never content."""

from pathlib import Path

import pytest

from stacks.catalog import read
from tests.stacks.catalog.breaking import (
    ERRAND,
    Break,
    Case,
    edit,
    task,
    told,
)


def giving(way: str) -> Break:
    return task(lambda state: state["Arguments"].update(Payload={"given": way}))


CASES: dict[str, Case] = {
    **{
        f"content by {way}": (
            giving(way),
            f"The scout finds it: passes on {named} as a whole in Arguments: name its fields",
        )
        for way, named in {
            '{% $lookup($states, "result") %}': "$states",
            "{% ($s := $states; $s.result) %}": "$states",
            "{% $states . input %}": "$states",
            "{% $states.`input` %}": "$states",
            "{% $states.*.thing %}": "$states",
            "{% $states.result.Payload.* %}": "$states.result",
            "{% $states.context.Execution.Input %}": "$states.context",
            "{% $states.context.Map.Item.Value %}": "$states.context",
            "{% $eval('$' & 'states') %}": "$eval",
        }.items()
    },
    "content in the words of a failure": (
        edit(ERRAND, lambda machine: machine["States"]["Nobody decided"].update(Cause="{% $string($states.input) %}")),
        "Nobody decided: passes on $states.input as a whole in Cause",
    ),
    "a result as a whole": (
        task(lambda state: state["Assign"].update(all="{% $states.result.Payload %}")),
        "The scout finds it: passes on $states.result as a whole in Assign: name its fields",
    ),
    "an input as a whole": (
        task(lambda state: state["Arguments"].update(Payload={"given": ["{% $states.input %}"]})),
        "The scout finds it: passes on $states.input as a whole in Arguments",
    ),
    "the text of an error": (
        task(lambda state: state["Catch"][0].update(Assign={"why": "{% $states.errorOutput.Cause %}"})),
        "The scout finds it: passes on $states.errorOutput as a whole in Assign of rule 0",
    ),
    "a prompt in a payload": (
        task(lambda state: state["Arguments"].update(Payload={"prompt": "You are a scout. " * 20})),
        "The scout finds it: holds a text of 340 characters in Arguments: content is in the journal; pass on an id",
    ),
    "a result that goes on": (
        task(lambda state: state.pop("Output")),
        "The scout finds it: has no Output, so all that the function returns",
    ),
    "an error that goes on": (
        task(lambda state: state["Catch"][0].pop("Output")),
        "The scout finds it: catches an error and passes its text on",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize(
    "way", ["Execution.Name", "Execution.Input.thing", "State.Name", "Task.Token", "Map.Item.Index", "Map.Item.Value.row"]
)
def test_a_handle_may_be_passed_on(tree: Path, way: str) -> None:
    giving(f"{{% $states.context.{way} & 'x' %}}")(tree)
    assert read(tree)
