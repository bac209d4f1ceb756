"""State machines: what they call, what they try again, maps, errors, and the input of a run."""

from pathlib import Path

import pytest

from septet.core.errors import CLASSES
from septet.orchestration.taking_over import NOBODY
from stacks.catalog import read
from stacks.catalog.errors import NEVER, errors
from stacks.catalog.problems import Problems
from tests.stacks.catalog.breaking import (
    ERRAND,
    ERRORS,
    INNER,
    INPUT,
    SCOUT,
    Break,
    Case,
    add,
    choice,
    drop,
    edit,
    inside,
    swap,
    task,
    told,
)

ROWS = {
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
    "ItemReader": {"Resource": "arn:aws:states:::s3:getObject"},
    "MaxConcurrency": 5,
    "ToleratedFailurePercentage": 100.0,
}
"""What a distributed map must say."""


def retrying(error: str) -> Break:
    return task(lambda state: state["Retry"].append({"ErrorEquals": [error], "JitterStrategy": "FULL"}))


CASES: dict[str, Case] = {
    "unknown function": (swap(ERRAND, "${AgentScout}", "${AgentScot}"), f"{ERRAND}: names ${{AgentScot}}, did you mean 'AgentScout'?"),
    "a tool called directly": (swap(ERRAND, "${AgentScout}", "${ToolPayThing}"), f"{ERRAND}: names ${{ToolPayThing}}"),
    "another service called": (
        task(lambda state: state.update(Resource="arn:aws:states:::dynamodb:putItem")),
        "The scout finds it: calls 'arn:aws:states:::dynamodb:putItem': a workflow calls agents and steps",
    ),
    "a function by its ARN": (swap(ERRAND, "${AgentScout}", "arn:aws:lambda:us-east-1:1:function:x"), "a workflow calls agents and steps"),
    "task without retry": (
        task(lambda state: state.pop("Retry")),
        'The scout finds it: needs a Retry that names its error classes, as ["ModelThrottled", "ModelUnavailable"',
    ),
    "retry of everything": (
        task(lambda state: state["Retry"].append({"ErrorEquals": ["States.ALL"]})),
        "The scout finds it: retries States.ALL",
    ),
    "retry of every failure": (
        task(lambda state: state["Retry"].append({"ErrorEquals": ["States.TaskFailed"]})),
        "retries States.TaskFailed",
    ),
    **{
        f"retry of {error}": (
            retrying(error),
            f"The scout finds it: retries {error}, which trying again does not mend, or must not be tried",
        )
        for error in sorted(NEVER)
    },
    "a map over as many items as there are": (
        inside("Map", Items="{% [1..1000] %}", ItemProcessor=INNER),
        f"{ERRAND}: Both: runs over as many items as its Items happen to be: give a list",
    ),
    "an agent that is not called again": (
        task(lambda state: state.update(Next="A person decides")),
        f"{ERRAND}: The scout finds it: calls an agent, so its Next must be a Choice that goes back to it when",
    ),
    "an agent that ends the run": (
        task(lambda state: [state.pop("Next"), state.update(End=True)]),
        f"{ERRAND}: The scout finds it: calls an agent, so its Next must be a Choice",
    ),
    "a choice by something else": (
        choice(lambda state: state["Choices"][0].update(Condition="{% $outcome = 'answer' %}")),
        f"{ERRAND}: The scout finds it: calls an agent, so its Next must be a Choice",
    ),
    "a question that nobody waits for": (
        swap(SCOUT, '["find_thing"]', '["find_thing", "pay_thing"]'),
        f"{ERRAND}: The scout finds it: calls an agent with the tool pay_thing, about which a person may be asked: add to the Choice after",
    ),
    "a retry that is no list": (task(lambda state: state.update(Retry=5)), "The scout finds it.Retry: must be a list of rules"),
    "a retry of no errors": (
        task(lambda state: state["Retry"][0].update(ErrorEquals=[[]])),
        'The scout finds it.Retry: must be a list of rules, each with its "ErrorEquals": ["ModelThrottled", ...]',
    ),
    "a call without arguments": (task(lambda state: state.update(Arguments=None)), "The scout finds it: calls None"),
    "processors that are none": (
        task(lambda state: [state.update(ItemProcessor=5), state.pop("Retry")]),
        "The scout finds it: needs a Retry that names its error classes",
    ),
    "a misspelt error": (
        task(lambda state: state["Retry"][0].update(ErrorEquals=["ModelThrotled"])),
        f"{ERRAND}: The scout finds it.Retry: names 'ModelThrotled', did you mean 'ModelThrottled'?: there is no such error",
    ),
    "a misspelt error of AWS": (
        task(lambda state: state["Catch"][0].update(ErrorEquals=["Lambda.TooManyRequestException"])),
        "The scout finds it.Catch: names 'Lambda.TooManyRequestException', did you mean 'Lambda.TooManyRequestsException'?",
    ),
    "no list of errors": (drop(ERRORS), f"{ERRORS}: is missing"),
    "a list of errors that is no Python": (add(ERRORS, "class"), f"{ERRORS}: cannot be read as Python"),
    **{
        f"a distributed map without {missing}": (
            task(lambda state, missing=missing: state.update({name: value for name, value in ROWS.items() if name != missing})),
            f"{ERRAND}: The scout finds it: {sentence}",
        )
        for missing, sentence in {
            "ItemReader": 'needs an ItemReader with "Resource": "arn:aws:states:::s3:getObject"',
            "MaxConcurrency": "needs a MaxConcurrency: without one",
            "ToleratedFailurePercentage": "needs ToleratedFailurePercentage as a number with a point",
        }.items()
    },
    "children of a map that can wait for nobody": (
        task(
            lambda state: state.update(ROWS | {"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}})
        ),
        'must have children of "ExecutionType": "STANDARD"',
    ),
    "a retry without jitter": (
        task(lambda state: state["Retry"][0].pop("JitterStrategy")),
        'The scout finds it: retries ModelThrottled at the same moment as everybody else: give the rule "JitterStrategy": "FULL"',
    ),
    "a retry that does not back off": (task(lambda state: state["Retry"][0].update(BackoffRate=1)), "at the same moment as everybody else"),
    "a map that is retried": (
        inside("Map", Items=["a"], ItemProcessor=INNER, Retry=[{"ErrorEquals": ["ModelThrottled"]}]),
        f"{ERRAND}: Both: retries all that is in it, whose own retries it multiplies",
    ),
    "JSONPath": (edit(ERRAND, lambda machine: machine.pop("QueryLanguage")), f'{ERRAND}: QueryLanguage: must be "JSONata"'),
    "workflow without comment": (edit(ERRAND, lambda machine: machine.pop("Comment")), f"{ERRAND}: Comment: is missing"),
    "a state twice": (
        swap(ERRAND, '"A person decides": {', '"The scout finds it": {'),
        f"{ERRAND}: is not JSON: the key 'The scout finds it' is there twice",
    ),
    "field of unknown source": (
        edit(INPUT, lambda schema: schema["properties"]["thing"].pop("x-septet-source")),
        f'{INPUT}: schema.properties.thing: must say "x-septet-source"',
    ),
    "field of a list of sources": (
        edit(INPUT, lambda schema: schema["properties"]["thing"].update({"x-septet-source": []})),
        f"{INPUT}: schema.properties.thing: must say",
    ),
    "field of a made-up source": (swap(INPUT, '"trusted"', '"safe"'), f"{INPUT}: schema.properties.thing: must say"),
    "open workflow input": (edit(INPUT, lambda schema: schema.pop("additionalProperties")), f"{INPUT}: schema: must have type"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize(
    "case", ["a choice by something else", "a question that nobody waits for", "a misspelt error", "a retry of no errors"]
)
def test_one_fault_is_one_problem(tree: Path, case: str) -> None:
    assert len(told(tree, CASES[case]).problems) == 1


def test_an_agent_that_acts_may_be_called_where_its_question_is_waited_for(tree: Path) -> None:
    CASES["a question that nobody waits for"][0](tree)
    choice(lambda state: state["Choices"].append({"Condition": "{% $outcome = 'approval' %}", "Next": "A person decides"}))(tree)
    assert read(tree)


def test_what_is_never_retried_is_what_nobody_takes_over_but_for_the_moment() -> None:
    assert NOBODY - {"Fenced", "StoreUnavailable"} <= NEVER
    assert CLASSES.keys() >= NEVER


def test_machines_inside_a_state_are_read(tree: Path) -> None:
    inside("Parallel", Branches=[INNER, INNER])(tree)
    assert read(tree)


def test_the_runtimes_errors_are_read_from_its_source(tree: Path) -> None:
    assert errors(tree, Problems()) == CLASSES.keys()
