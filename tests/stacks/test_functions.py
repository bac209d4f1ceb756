"""Every function, whatever it is for."""

from dataclasses import fields
from typing import Any

import pytest

from septet.bootstrap.settings import Configuration
from septet.core.errors import InputRejected
from septet.entry.gateway import caller
from stacks.constructs.names import ALIAS, UNDOER, gateway_alias
from tests.stacks.templates import Resource, Templates


def functions(templates: Templates) -> list[Resource]:
    return list(templates.all("AWS::Lambda::Function"))


def belonging(templates: Templates, type_: str, function: Resource) -> list[Resource]:
    """The versions or aliases of *function*."""
    return [one for one in templates.all(type_) if one.stack == function.stack and one.properties["FunctionName"] == {"Ref": function.id}]


def log_groups(templates: Templates) -> dict[tuple[str, str], Resource]:
    return {(group.stack, group.id): group for group in templates.all("AWS::Logs::LogGroup")}


def test_every_folder_is_a_function_and_nothing_else_is(deployed: Templates) -> None:
    names = deployed.settings.names
    declared = {names.function(function.kind, function.name) for function in deployed.catalog.functions}
    assert {function.properties["FunctionName"] for function in functions(deployed)} == declared


def test_every_function_is_traced_and_ends(deployed: Templates) -> None:
    for function in functions(deployed):
        assert function.properties["TracingConfig"] == {"Mode": "Active"}
        assert 1 <= function.properties["Timeout"] <= 900
        assert function.properties["Runtime"] == "python3.13"
        assert function.properties["Description"]


def test_every_function_is_called_by_an_alias_on_a_version(deployed: Templates) -> None:
    for function in functions(deployed):
        (version,) = belonging(deployed, "AWS::Lambda::Version", function)
        aliases = belonging(deployed, "AWS::Lambda::Alias", function)
        is_gateway = function.properties["FunctionName"] == deployed.settings.names.function("step", "gateway")
        callers = {*(gateway_alias(agent) for agent in deployed.catalog.agents), UNDOER} if is_gateway else set()
        assert {alias.properties["Name"] for alias in aliases} == {ALIAS} | callers
        for alias in aliases:
            assert alias.properties["FunctionVersion"] == {"Fn::GetAtt": [version.id, "Version"]}


def test_an_agent_is_told_its_own_alias_of_the_gateway_and_the_gateway_knows_it_by_that(deployed: Templates) -> None:
    names = deployed.settings.names
    for function in functions(deployed):
        kind, _, name = function.properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"].partition("-")
        told = names.arn("lambda", f"function:{function.properties['Environment']['Variables']['SEPTET_GATEWAY']}")
        if kind == "agent":
            assert caller(told) == name
        else:
            with pytest.raises(InputRejected):
                caller(told)


def test_every_log_is_kept_for_a_while_and_no_longer(deployed: Templates) -> None:
    groups = log_groups(deployed)
    for function in functions(deployed):
        group = groups[function.stack, function.properties["LoggingConfig"]["LogGroup"]["Ref"]]
        assert group.properties["LogGroupName"].startswith(f"/septet/{deployed.settings.environment}/")
    for group in groups.values():
        assert group.properties["RetentionInDays"] == deployed.settings.log_days


def test_the_runtime_finds_every_variable_that_it_reads(deployed: Templates) -> None:
    needed = {f"SEPTET_{field.name.upper()}" for field in fields(Configuration)}
    for function in functions(deployed):
        variables: dict[str, Any] = function.properties["Environment"]["Variables"]
        of_the_api = {"SEPTET_PLATFORM_TENANT"} if variables["POWERTOOLS_SERVICE_NAME"] == "step-api" else set()
        assert needed | of_the_api == {name for name in variables if name.startswith("SEPTET_")}
        assert all(isinstance(value, str) and value for value in variables.values())
        assert variables["POWERTOOLS_SERVICE_NAME"] in function.properties["FunctionName"]


def test_every_function_has_the_runtime_and_its_packages(deployed: Templates) -> None:
    layers = {(layer.stack, layer.id): layer.properties["Description"] for layer in deployed.all("AWS::Lambda::LayerVersion")}
    wanted = {deployed.settings.names.function(one.kind, one.name): one.layer for one in deployed.catalog.functions}
    for function in functions(deployed):
        found = {layers[function.stack, layer["Ref"]] for layer in function.properties["Layers"]}
        assert found == {"The package septet.", f"Third-party packages, group {wanted[function.properties['FunctionName']]}."}


def test_layers_and_functions_are_of_one_architecture(deployed: Templates) -> None:
    of_functions = {tuple(function.properties["Architectures"]) for function in functions(deployed)}
    of_layers = {tuple(layer.properties["CompatibleArchitectures"]) for layer in deployed.all("AWS::Lambda::LayerVersion")}
    assert of_functions == of_layers == {(deployed.settings.architecture,)}
