"""Whoever may go on with somebody else's work can be reached in every state machine: the catalogue, against machines with one gap each."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from septet.core.errors import CLASSES
from septet.orchestration.routes import routes
from septet.orchestration.taking_over import NOBODY
from stacks.catalog import CatalogError, read
from stacks.catalog.declarations import Agent, Function, Limits, Pool
from stacks.catalog.generated import routing
from stacks.catalog.handing import LOST, TAKEN, degraded, handing, pooled

Change = dict[str, Any]


def agent(name: str, **more: Any) -> Agent:
    function = Function(kind="agent", name=name, folder=Path(name), description=name, memory=256, timeout=60)
    whole: dict[str, Any] = {"prompt": "p", "models": (), "fallback": {}, "cache_seconds": 0, "plan": False, "tools": ()}
    return Agent(function=function, hand_over_to=more.pop("hand_over_to", ()), limits=Limits(), answer_schema=None, **whole, **more)


AGENTS = {
    one.function.hole: one
    for one in (
        agent("first", take_over={"any": ("second",), "CheckFailed": ("third",)}, hand_over_to=("second",)),
        agent("second", skills=("work",)),
        agent("third", skills=("work",)),
    )
}
RULE = {"Assign": {"failed": "first", "error": "{% $states.errorOutput.Error %}"}, "Next": "Who takes over?"}
MACHINE: dict[str, Any] = {
    "StartAt": "Who works?",
    "States": {
        "Who works?": {
            "Type": "Task",
            "Arguments": {"FunctionName": "${StepChooseAgent}", "Payload": {"skill": "work"}},
            "Next": "Who was chosen?",
        },
        "Who was chosen?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $to = 'second' %}", "Next": "Second"}, {"Condition": "{% $to = 'third' %}", "Next": "Third"}],
            "Default": "First",
        },
        "First": {
            "Type": "Task",
            "Arguments": {"FunctionName": "${AgentFirst}"},
            "Catch": [{"ErrorEquals": [*TAKEN, *LOST], **RULE}],
            "Next": "Has the first finished?",
        },
        "Has the first finished?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $outcome = 'hand_over' and $to = 'second' %}", "Next": "Second"}],
            "Default": "End",
        },
        "Who takes over?": {
            "Type": "Task",
            "Arguments": {"FunctionName": "${StepTakeOver}", "Payload": {"agent": "{% $failed %}", "error": "{% $error %}"}},
            "Next": "Does anybody?",
        },
        "Does anybody?": {
            "Type": "Choice",
            "Choices": [{"Condition": '{% $to = "second" %}', "Next": "Second"}, {"Condition": "{% $to = 'third' %}", "Next": "Third"}],
            "Default": "End",
        },
        "Second": {"Type": "Task", "Arguments": {"FunctionName": "${AgentSecond}"}, "Next": "End"},
        "Third": {"Type": "Task", "Arguments": {"FunctionName": "${AgentThird}"}, "Next": "End"},
        "End": {"Type": "Succeed"},
    },
}


def told(change: Any) -> list[str]:
    machine = deepcopy(MACHINE)
    change(machine["States"])
    return [f"{place}: {sentence}" for place, sentence in handing(machine, AGENTS)]


def test_a_machine_in_which_everybody_is_reached_is_taken() -> None:
    assert told(lambda _: None) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda states: states["First"].pop("Catch"), "First: may fail with AgentStopped, after which second can take over"),
        (lambda states: states["First"]["Catch"][0]["ErrorEquals"].remove("CheckFailed"), "First: may fail with CheckFailed"),
        (lambda states: states["First"]["Catch"][0]["ErrorEquals"].remove("States.Timeout"), "First: may fail with States.Timeout"),
        (lambda states: states["First"]["Catch"][0].update(Next="End"), "catch it, with a Next that calls ${StepTakeOver}"),
        (lambda states: states["First"]["Catch"][0]["Assign"].update(failed="second"), "First: catches AgentStopped without saying who"),
        (lambda states: states["First"]["Catch"][0]["Assign"].pop("error"), "First: catches AgentStopped without saying who"),
        (lambda states: states["Does anybody?"]["Choices"].pop(0), "no rule that leads to second, which may take over from first"),
        (lambda states: states["Does anybody?"]["Choices"][1].update(Next="Second"), "leads to third, which may take over from first"),
        (lambda states: states["Has the first finished?"]["Choices"].clear(), "leads to second, which may be handed over to by first"),
        (
            lambda states: states["Who was chosen?"]["Choices"].pop(),
            "Who works?: is followed by no rule that leads to third, which has a skill",
        ),
    ],
)
def test_a_gap_is_told(change: Any, sentence: str) -> None:
    assert [one for one in told(change) if sentence in one], told(change)


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        ("both", []),
        ("al", ["Who works?: chooses from the pool 'al', did you mean 'all'?: there is no such pool"]),
        ("all", ["Who works?: is followed by no rule that leads to first, which is in the pool all"]),
    ],
)
def test_everybody_in_a_pool_is_reached_where_one_of_it_is_chosen(pool: str, sentence: list[str]) -> None:
    machine = deepcopy(MACHINE)
    machine["States"]["Who works?"]["Arguments"]["Payload"] = {"pool": pool}
    pools = {"both": Pool(agents=("second", "third"), full=9), "all": Pool(agents=("first", "second"), full=9)}
    found = [f"{place}: {one}" for place, one in pooled(machine, AGENTS, pools)]
    assert [one.startswith(start) for one, start in zip(found, sentence, strict=True)] == [True] * len(sentence), found
    outer = {"StartAt": "All", "States": {"All": {"Type": "Map", "ItemProcessor": machine, "End": True}}}
    assert len(list(pooled(outer, AGENTS, pools))) == len(sentence)


def test_a_machine_inside_a_map_is_looked_at_too() -> None:
    inner = deepcopy(MACHINE)
    inner["States"]["First"].pop("Catch")
    outer = {"StartAt": "All", "States": {"All": {"Type": "Map", "ItemProcessor": inner, "End": True}}}
    assert [place for place, _ in handing(outer, AGENTS)] == ["All.ItemProcessor.First"]


def test_a_degraded_path_needs_its_text() -> None:
    machine = {"States": {"Say something": {"Type": "Task", "Arguments": {"FunctionName": "${StepDegrade}"}}}}
    assert [place for place, _ in degraded(machine, " \n")] == ["Say something"]
    assert list(degraded(machine, "We are sorry.")) == []
    assert next(sentence for _, sentence in degraded(machine, "ä" * 1_001)).startswith("has a degraded answer of 1001 characters")


def test_every_class_that_is_taken_over_is_one_and_none_of_those_after_which_nobody_goes_on() -> None:
    assert set(TAKEN) <= CLASSES.keys()
    assert CLASSES.keys() >= NOBODY
    assert not NOBODY & set(TAKEN)


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ('EffectUnknown = ["clerk"]', "fallback.EffectUnknown: is no failure after which another agent goes on"),
        ('RunStopped = ["clerk"]', "fallback.RunStopped: is no failure after which another agent goes on"),
        ('CheckFaild = ["clerk"]', "fallback.CheckFaild: is no failure after which another agent goes on, did you mean 'CheckFailed'?"),
        ('any = ["clerc"]', "fallback.any: names 'clerc', did you mean 'clerk'?: there is no such other agent"),
        ('any = ["scout"]', "fallback.any: names itself: there is no such other agent"),
        ("any = []", "fallback.any: names nobody"),
        (
            'any = ["clerk"]',
            "state_machines/errand.asl.json: The scout finds it: may fail with AgentStopped, after which clerk can take over",
        ),
    ],
)
def test_what_is_wrong_with_a_fallback_is_told(tree: Path, declared: str, sentence: str) -> None:
    with (tree / "functions/agents/scout/agent.toml").open("a") as file:
        file.write(f"\n[fallback]\n{declared}\n")
    with pytest.raises(CatalogError) as raised:
        read(tree)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("pools", "sentence"),
    [
        ('[both]\nagents = ["scout", "clerc"]\n', "policies/pools.toml: both.agents: names 'clerc', did you mean 'clerk'?"),
        ('[both]\nagents = ["scout"]\n', "both.agents: has nobody to choose between"),
        ('[both]\nagents = ["scout", "clerk"]\nful = 1\n', "both.ful: is no key here"),
        ('[Both]\nagents = ["scout", "clerk"]\n', "Both: is no name"),
    ],
)
def test_what_is_wrong_with_a_pool_is_told(tree: Path, pools: str, sentence: str) -> None:
    (tree / "policies/pools.toml").write_text(pools)
    with pytest.raises(CatalogError) as raised:
        read(tree)
    assert sentence in str(raised.value)


def test_the_runtime_reads_what_the_synth_writes(tree: Path) -> None:
    (tree / "policies/pools.toml").write_text('[both]\nagents = ["scout", "clerk"]\nfull = 7\n')
    file = tree / "functions/agents/clerk/agent.toml"
    file.write_text('skills = ["paying"]\n' + file.read_text())
    made = routes(json.loads(json.dumps(routing(read(tree)))))
    assert made.workers["clerk"].skills == ("paying",)
    assert made.workers["clerk"].models == ("us.large-model",)
    assert made.workers["clerk"].price == 18_000_001
    assert made.flows["errand"].agents == ("scout",)
    assert made.pools["both"].full == 7


def test_a_skill_is_a_name(tree: Path) -> None:
    file = tree / "functions/agents/clerk/agent.toml"
    file.write_text('skills = ["Paying bills"]\n' + file.read_text())
    with pytest.raises(CatalogError, match="skills: names 'Paying bills', which is no name"):
        read(tree)


def test_a_text_that_no_workflow_says_is_told(tree: Path) -> None:
    (tree / "state_machines/other.degraded.md").write_text("Sorry.")
    with pytest.raises(CatalogError, match=r"state_machines/other\.degraded\.md: belongs to no workflow"):
        read(tree)
