"""The most that a run can use, held against machines that are walked through by chance, and against figures worked out by hand."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacks.catalog import Agent, Catalog, read
from stacks.catalog.declarations import Function, Json, Limits
from stacks.catalog.figures import Worst
from stacks.catalog.lint import lint
from stacks.catalog.times import Times
from stacks.catalog.ways import Edge, edges, endless, rings
from stacks.catalog.worst import worst
from stacks.worst import main, report

CALLS, COST = 3, 7


def agent(name: str) -> Agent:
    function = Function(kind="agent", name=name, folder=Path(), description="", memory=256, timeout=60)
    limits = Limits(model_calls=CALLS, cost=COST, seconds=11)
    return Agent(
        function=function,
        prompt="",
        models=(),
        fallback={},
        cache_seconds=0,
        plan=False,
        tools=(),
        hand_over_to=(),
        limits=limits,
        answer_schema=None,
    )


SAYS = {"outcome": "{% $states.result.Payload.outcome %}"}
"""What a task assigns of what the agent says."""
AGENTS = {f"Agent{name}": agent(name.lower()) for name in ("A", "B", "C")}


def task(hole: str, after: str, *, turn: str = "", attempts: int = 0, **more: Any) -> dict[str, Any]:
    arguments = {"FunctionName": f"${{{hole}}}", "Payload": {"turn": turn or hole}}
    retry = [{"ErrorEquals": ["ModelThrottled"], "MaxAttempts": attempts, "IntervalSeconds": 1, "BackoffRate": 1}]
    return {"Type": "Task", "Arguments": arguments, "Retry": retry, "TimeoutSeconds": 5, "Next": after, **more}


def choice(default: str, **ways: str) -> dict[str, Any]:
    """*ways*: by the target's letter, the condition."""
    rules = [{"Condition": condition, "Next": target} for target, condition in ways.items()]
    return {"Type": "Choice", "Choices": rules, "Default": default}


def machine(start: str, **states: Any) -> dict[str, Any]:
    return {"StartAt": start, "States": {**states, "End": {"Type": "Succeed"}}}


def parting(most: Any, **more: Any) -> dict[str, Any]:
    """A step that opens branches, for a Map ``each``."""
    arguments = {"FunctionName": "${StepPart}", "Payload": {"most": most}}
    return task("StepPart", "each") | {"Arguments": arguments, "Assign": {"branches": "{% $states.result.Payload.branches %}"}} | more


def each(**more: Any) -> dict[str, Any]:
    return {"Type": "Map", "ItemProcessor": machine("a", a=task("AgentA", "End")), "Next": "End", **more}


UNSAID: dict[str, dict[str, Any]] = {
    "a variable that nobody assigns": {
        "a": task("AgentA", "more", Assign=SAYS),
        "more": choice("End", a="{% $x_outcome = 'continue' %}"),
    },
    "a variable that is always the same": {
        "a": task("AgentA", "more", Assign={"outcome": "continue"}),
        "more": choice("End", a="{% $outcome = 'continue' %}"),
    },
    "a state beside the agent": {
        "a": task("AgentA", "more", Assign=SAYS),
        "more": choice("End", b="{% $outcome = 'continue' %}", a="{% $outcome = 'continue' %}"),
        "b": {"Type": "Pass", "Next": "more"},
    },
    "a choice beside the agent": {
        "a": task("AgentA", "more", Assign=SAYS),
        "more": choice("End", way="{% $outcome = 'continue' %}"),
        "way": choice("more", a="{% $again %}"),
    },
    "a failure that says nothing": {
        "a": task("AgentA", "more", Assign=SAYS, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "more"}]),
        "more": choice("End", a="{% $outcome = 'continue' %}"),
    },
}
"""Rings by what an agent is said to have said."""
SENT = {"to": "{% $states.result.Payload.to %}"}
UNSAID |= {
    "somebody who is sent whatever is said": {
        "a": task("StepTakeOver", "more", Assign=SENT),
        "more": choice("End", a="{% true %}"),
    },
    "somebody who was sent long ago": {
        "a": task("StepTakeOver", "more"),
        "more": choice("End", a="{% $to = 'a' %}"),
    },
}
BRANCHES = {"Items": "{% $branches %}"}
UNCOUNTED: dict[str, dict[str, Any]] = {
    "a range": {"part": parting(5), "each": each(Items="{% [1..1000] %}")},
    "a list inside an expression": {"part": parting(5), "each": each(Items="{% ['a', 'b'] %}")},
    "all that comes in": {"part": parting(5), "each": each()},
    "a table": {"part": parting(5), "each": each(Items={"a": 1})},
    "a most that is computed": {"part": parting("{% $n %}"), "each": each(**BRANCHES)},
    "no most": {"part": parting(None), "each": each(**BRANCHES)},
    "a variable that nobody assigns": {"part": parting(5), "each": each(Items="{% $others %}")},
    "more than the branches": {"part": parting(5), "each": each(Items="{% $append($branches, [1..1000]) %}")},
    "branches of something else": {
        "part": parting(5, Arguments={"FunctionName": "${StepX}", "Payload": {"most": 5}}),
        "each": each(**BRANCHES),
    },
    "something else of the step": {"part": parting(5, Assign={"branches": "{% $states.result.Payload.count %}"}), "each": each(**BRANCHES)},
    "branches that are assigned anew": {
        "part": parting(5, Next="more"),
        "more": {"Type": "Pass", "Assign": {"branches": "{% [1..1000] %}"}, "Next": "each"},
        "each": each(**BRANCHES),
    },
    "branches that a failure assigns": {
        "part": parting(5, Catch=[{"ErrorEquals": ["States.ALL"], "Assign": {"branches": "{% [1..9] %}"}, "Next": "each"}]),
        "each": each(**BRANCHES),
    },
}
"""Maps over as many items as there happen to be."""


@pytest.fixture(scope="module")
def shipped() -> Catalog:
    """What the real tree declares."""
    return read(Path(__file__).parents[2])


def test_agents_after_each_other_add_up() -> None:
    found = worst(machine("a", a=task("AgentA", "b"), b=task("AgentB", "End")), AGENTS)
    assert found == Worst(money=2 * COST, model_calls=2 * CALLS, seconds=2 * 11, transitions=3, events=12)


def test_of_two_ways_the_dearer_counts() -> None:
    two = machine("way", way=choice("c", a="{% $x %}"), a=task("AgentA", "b"), b=task("AgentB", "End"), c=task("AgentC", "End"))
    assert worst(two, AGENTS).model_calls == 2 * CALLS


def test_a_turn_that_goes_on_has_its_limits_in_all() -> None:
    again = machine("a", a=task("AgentA", "more", Assign=SAYS), more=choice("End", a="{% $outcome = 'continue' %}"))
    found = worst(again, AGENTS)
    assert (found.model_calls, found.money) == (CALLS, COST)
    assert found.transitions == 2 * (1 + 2 * CALLS) + 1


@pytest.mark.parametrize("ring", UNSAID)
def test_a_ring_by_what_nobody_says_anew_is_bounded_by_nothing(ring: str) -> None:
    assert endless(edges(machine("a", **UNSAID[ring]), AGENTS))


def test_a_failure_may_come_to_the_choice_by_a_word_that_goes_on() -> None:
    caught = [{"ErrorEquals": ["NoAnswer"], "Assign": {"outcome": "failed"}, "Next": "more"}]
    ring = machine("a", a=task("AgentA", "more", Assign=SAYS, Catch=caught), more=choice("End", a="{% $outcome = 'continue' %}"))
    assert endless(edges(ring, AGENTS)) == []


def test_a_ring_with_a_counter_and_turns_of_new_names_costs_as_often_as_it_is_gone() -> None:
    count = {"Assign": {"rounds": "{% $rounds + 1 %}"}}
    ring = machine("a", a=task("AgentA", "more", turn="{% 'a' & $rounds %}", **count), more=choice("End", a="{% $rounds < 4 %}"))
    assert endless(edges(ring, AGENTS)) == []
    assert worst(ring, AGENTS).model_calls == 5 * CALLS


def test_retries_multiply_what_is_billed_and_not_what_a_turn_may() -> None:
    found = worst(machine("a", a=task("AgentA", "End", attempts=6)), AGENTS)
    assert (found.model_calls, found.transitions, found.seconds) == (CALLS, 8, 11 + 6)
    step = worst(machine("a", a=task("StepX", "End", attempts=6)), AGENTS)
    assert (step.model_calls, step.seconds) == (0, 7 * 5 + 6)


def test_a_map_counts_its_items_and_lasts_as_many_waves_as_it_has() -> None:
    found = worst(machine("part", part=parting(5), each=each(**BRANCHES, MaxConcurrency=2)), AGENTS)
    assert found.model_calls == 5 * CALLS
    assert found.seconds == 5 + 3 * 11


def test_a_map_counts_the_list_that_is_written_there() -> None:
    assert worst(machine("each", each=each(Items=["a", "b", "c"])), AGENTS).model_calls == 3 * CALLS


@pytest.mark.parametrize("given", UNCOUNTED)
def test_a_map_of_which_nobody_knows_the_items_has_no_most(given: str) -> None:
    states = UNCOUNTED[given]
    assert [place for place, sentence in lint(machine("part", **states), AGENTS, Times()) if sentence.startswith(("runs over", "opens"))]


def test_rows_of_a_distributed_map_are_runs_of_their_own() -> None:
    each = machine("a", a=task("AgentA", "End")) | {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}
    found = worst(machine("each", each={"Type": "Map", "ItemProcessor": each, "Next": "End"}), AGENTS)
    assert (found.money, found.transitions) == (0, 2)


def test_branches_add_their_money_and_the_longest_counts() -> None:
    one, two = machine("a", a=task("AgentA", "End")), machine("a", a=task("AgentB", "b"), b=task("AgentC", "End"))
    found = worst(machine("both", both={"Type": "Parallel", "Branches": [one, two], "Next": "End"}), AGENTS)
    assert (found.model_calls, found.seconds) == (3 * CALLS, 22)


def test_no_run_is_longer_than_its_machine_lets_it() -> None:
    assert worst({"TimeoutSeconds": 9, **machine("a", a=task("AgentA", "End"))}, AGENTS).seconds == 9


def test_a_computed_time_is_bounded_by_the_machine_alone() -> None:
    wait = task("StepX", "End") | {"TimeoutSeconds": "{% $seconds + 1 %}"}
    assert worst({"TimeoutSeconds": 900, **machine("a", a=wait)}, AGENTS).seconds == 900


@st.composite
def walked(draw: st.DrawFn) -> Json:
    """A machine of agents and choices in a row, which may go back where a counter or ``continue`` lets them."""
    count = draw(st.integers(1, 5))
    states: dict[str, Any] = {}
    for number in range(count):
        name, later = f"s{number}", [f"s{other}" for other in range(number + 1, count)] + ["End"]
        hole = draw(st.sampled_from(sorted(AGENTS)))
        counter = f"c{number}"
        back = draw(st.sampled_from([f"s{other}" for other in range(number + 1)]))
        turn = draw(st.sampled_from([hole, f"{hole}-{number}", f"{{% '{number}-' & ${counter} %}}"]))
        states[name] = task(hole, f"{name}?", turn=turn, Assign={counter: f"{{% ${counter} + 1 %}}", **SAYS})
        bound = draw(st.integers(0, 3))
        rules = [{"Condition": "{% $outcome = 'continue' %}", "Next": name}, {"Condition": f"{{% ${counter} < {bound} %}}", "Next": back}]
        states[f"{name}?"] = {"Type": "Choice", "Choices": rules, "Default": draw(st.sampled_from(later))}
    return {"StartAt": "s0", "States": {**states, "End": {"Type": "Succeed"}}}


def walk(machine: Json, chance: Random) -> tuple[int, int]:
    """Model calls and transitions of one run in which each turn uses all that it may, and says ``continue`` as often as it can."""
    counters, turns, steps = Counter[str](), Counter[tuple[str, str]](), 0
    name = machine["StartAt"]
    left = 2 * CALLS
    while name != "End":
        steps += 1
        state = machine["States"][name]
        if state["Type"] == "Task":
            counter = next(iter(state["Assign"]))
            turn = str(state["Arguments"]["Payload"]["turn"])
            turns[state["Arguments"]["FunctionName"], turn + (str(counters[counter]) if turn.startswith("{%") else "")] += 1
            counters[counter] += 1
            name = state["Next"]
            continue
        again, back = state["Choices"]
        counter, bound = back["Condition"].split("$")[1].split(" ")[0], int(back["Condition"].split("< ")[1].split(" ")[0])
        if left and chance.random() < 0.5:
            left -= 1
            counters[counter] -= 1  # the same turn goes on: a state machine would not have counted it
            name = again["Next"]
        else:
            name = back["Next"] if counters[counter] < bound else state["Default"]
            left = left if name == back["Next"] else 2 * CALLS
    return CALLS * len(turns), steps + 1


@settings(deadline=None, max_examples=150)
@given(walked(), st.randoms(use_true_random=False))
def test_no_walk_uses_more_than_the_most(machine: Json, chance: Random) -> None:
    assert endless(edges(machine, AGENTS)) == []
    most = worst(machine, AGENTS)
    calls, steps = walk(machine, chance)
    assert calls <= most.model_calls
    assert steps <= most.transitions


def test_rings_come_in_the_order_in_which_they_are_passed() -> None:
    ways = [Edge(origin=origin, target=target) for origin, target in ("ab", "bc", "cb", "cd")]
    assert [sorted(ring) for ring in rings(["d", "c", "b", "a"], ways)] == [["a"], ["b", "c"], ["d"]]


def test_the_shipped_workflows_are_printed_with_their_figures(shipped: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(Path(__file__).parents[2]) == 0
    printed = capsys.readouterr().out
    assert printed == report({name: workflow.worst for name, workflow in shipped.workflows.items()}) + "\n"
    for name, workflow in shipped.workflows.items():
        line = next(line for line in printed.splitlines() if line.startswith(name))
        assert f"{workflow.worst.transitions:,}" in line
        assert workflow.worst == worst(json.loads(workflow.definition), _agents(shipped))


def test_less_is_used_where_an_agent_may_less(shipped: Catalog) -> None:
    workflow = shipped.workflows["support"]
    agents = {hole: replace(one, limits=replace(one.limits, model_calls=1)) for hole, one in _agents(shipped).items()}
    assert worst(json.loads(workflow.definition), agents).model_calls < workflow.worst.model_calls


def _agents(catalog: Catalog) -> dict[str, Agent]:
    return {agent.function.hole: agent for agent in catalog.agents.values()}
