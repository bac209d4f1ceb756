"""Who may still work, once somebody does."""

from typing import Any

from stacks.catalog.generated import workflows
from stacks.catalog.later import later
from stacks.catalog.reading import read
from tests.stacks.conftest import REAL


def call(hole: str, *, then: str = "", catch: str = "") -> dict[str, Any]:
    state: dict[str, Any] = {"Type": "Task", "Arguments": {"FunctionName": f"${{{hole}}}"}}
    state |= {"Next": then} if then else {"End": True}
    return state | ({"Catch": [{"ErrorEquals": ["X"], "Next": catch}]} if catch else {})


def test_what_is_behind_an_agent_may_work_and_what_is_before_it_or_beside_it_may_not() -> None:
    machine = {
        "StartAt": "first",
        "States": {
            "first": call("AgentFirst", then="which"),
            "which": {"Type": "Choice", "Choices": [{"Condition": "x", "Next": "left"}], "Default": "right"},
            "left": call("AgentLeft", then="last"),
            "right": call("AgentRight", then="again", catch="rescue"),
            "again": {"Type": "Choice", "Choices": [{"Condition": "x", "Next": "right"}], "Default": "last"},
            "rescue": call("AgentRescue", then="last"),
            "last": call("StepDone"),
        },
    }
    assert later(machine) == {
        "AgentFirst": {"AgentFirst", "AgentLeft", "AgentRight", "AgentRescue"},
        "AgentLeft": {"AgentLeft"},
        "AgentRight": {"AgentRight", "AgentRescue"},
        "AgentRescue": {"AgentRescue"},
    }


def test_an_agent_that_two_states_call_may_be_followed_by_what_follows_either() -> None:
    machine = {"StartAt": "a", "States": {"a": call("AgentA", then="b"), "b": call("AgentB", then="c"), "c": call("AgentA")}}
    assert later(machine) == {"AgentA": {"AgentA", "AgentB"}, "AgentB": {"AgentA", "AgentB"}}


def test_of_a_map_everything_may_come_again_and_then_what_follows_it() -> None:
    inner = {"StartAt": "one", "States": {"one": call("AgentOne", then="two"), "two": call("AgentTwo")}}
    machine = {
        "StartAt": "before",
        "States": {
            "before": call("AgentBefore", then="each"),
            "each": {"Type": "Map", "ItemProcessor": inner, "Next": "both"},
            "both": {"Type": "Parallel", "Branches": [{"StartAt": "one", "States": {"one": call("AgentLeft")}}], "Next": "after"},
            "after": call("AgentAfter"),
        },
    }
    inside = {"AgentOne", "AgentTwo", "AgentLeft", "AgentAfter"}
    assert later(machine) == {
        "AgentBefore": {"AgentBefore"} | inside,
        "AgentOne": inside,
        "AgentTwo": inside,
        "AgentLeft": {"AgentLeft", "AgentAfter"},
        "AgentAfter": {"AgentAfter"},
    }


def test_of_the_real_workflows_every_agent_is_known_and_who_begins_is_not_behind_who_ends() -> None:
    found = workflows(read(REAL))
    assert all(one["later"].keys() == set(one["agents"]) for one in found.values())
    assert found["support"]["later"]["refunds"] == ["refunds", "refunds_fallback", "writer"]
    assert found["assess"]["later"]["verdict_writer"] == ["verdict_writer"]
    assert "assessor" not in found["assess"]["later"]["arbiter"]
