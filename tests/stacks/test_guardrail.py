"""A deployment's guardrail: off unless a setting names one, and then asked by one function, whose role may ask that one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import SettingsError
from tests.stacks.templates import Templates

ASK = "bedrock:ApplyGuardrail"


def asking(templates: Templates) -> list[tuple[str, Any]]:
    """Function and resources of every statement that allows to ask a guardrail; boundaries are no roles."""
    return [
        (resource.id, statement["Resource"])
        for resource in templates.all("AWS::IAM::Role")
        for policy in resource.properties.get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
        if ASK in json.dumps(statement)
    ]


def told(templates: Templates) -> list[str]:
    return [
        function.properties["FunctionName"]
        for function in templates.all("AWS::Lambda::Function")
        if "SEPTET_GUARDRAIL" in function.properties["Environment"]["Variables"]
    ]


def test_without_the_setting_nobody_may_ask_one(deployed: Templates) -> None:
    assert asking(deployed) == []
    assert told(deployed) == []


def test_with_it_the_api_may_ask_that_one(tree: Path, synth: Callable[..., Templates]) -> None:
    templates = synth(tree, guardrail="abcd1234:1")
    ((role, resources),) = asking(templates)
    assert "StepApi" in role
    assert json.dumps(resources).count("guardrail/abcd1234") == 1
    assert [name.rpartition("-")[2] for name in told(templates)] == ["api"]


@pytest.mark.parametrize("wrong", ["abcd1234", "abcd1234:latest", "*:1", "abcd1234:0", "ABCD:1"])
def test_a_setting_that_names_none_is_refused(tree: Path, synth: Callable[..., Templates], wrong: str) -> None:
    with pytest.raises(SettingsError, match="give its id and version"):
        synth(tree, guardrail=wrong)
