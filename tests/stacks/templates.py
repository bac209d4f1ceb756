"""Synthesised templates, looked at by meaning: resources by type, roles with what they may do, functions with what belongs to them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from stacks.catalog import Catalog
from stacks.platform import Platform
from stacks.settings import Settings, settings

ROOT = Path(__file__).parents[2]


def context(**overrides: str) -> dict[str, Any]:
    """The context of cdk.json, with values as ``-c`` would give them."""
    values: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text())["context"]
    return {**values, **overrides}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True, kw_only=True)
class Resource:
    stack: str
    id: str
    type: str
    properties: Mapping[str, Any]
    raw: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Role:
    kind: str
    """agent, tool, step or workflow."""
    name: str
    arn: str
    boundary: str
    statements: list[dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass(frozen=True, kw_only=True)
class Templates:
    settings: Settings
    catalog: Catalog
    folder: Path
    by_stack: Mapping[str, Mapping[str, Any]]

    def all(self, type_: str = "") -> Iterator[Resource]:
        for stack, template in self.by_stack.items():
            for id_, raw in template["Resources"].items():
                if raw["Type"].startswith(type_):
                    yield Resource(stack=stack, id=id_, type=raw["Type"], properties=raw.get("Properties", {}), raw=raw)

    def roles(self, kind: str = "") -> list[Role]:
        names, found = self.settings.names, []
        for resource in self.all("AWS::IAM::Role"):
            *_, of, name, _ = resource.properties["Path"].split("/")
            if kind in {"", of}:
                statements = [one for policy in resource.properties["Policies"] for one in policy["PolicyDocument"]["Statement"]]
                found.append(
                    Role(
                        kind=of,
                        name=name,
                        arn=f"arn:{names.partition}:iam::{names.account}:role{resource.properties['Path']}made-by-cloudformation",
                        boundary=resource.properties.get("PermissionsBoundary", ""),
                        statements=statements,
                    )
                )
        return found

    def role(self, kind: str, name: str) -> Role:
        return next(role for role in self.roles(kind) if role.name == name)

    def boundary(self, role: Role) -> list[dict[str, Any]]:
        """The statements of the boundary that *role* has."""
        return self.boundaries()[role.boundary]

    def boundaries(self) -> dict[str, list[dict[str, Any]]]:
        """By the ARN of each boundary, its statements."""
        names, policies = self.settings.names, self.all("AWS::IAM::ManagedPolicy")
        named = {policy.properties["ManagedPolicyName"]: policy.properties["PolicyDocument"]["Statement"] for policy in policies}
        return {f"arn:{names.partition}:iam::{names.account}:policy/{name}": statements for name, statements in named.items()}

    def definitions(self) -> dict[str, dict[str, Any]]:
        machines = self.all("AWS::StepFunctions::StateMachine")
        return {machine.properties["StateMachineName"]: json.loads(machine.properties["DefinitionString"]) for machine in machines}


def synthesise(catalog: Catalog, folder: Path, **overrides: str) -> Templates:
    """The templates of *catalog*, made in this process into *folder*."""
    given = context(**overrides)
    chosen = settings(given, ambient={})
    app = cdk.App(outdir=str(folder), context=given, analytics_reporting=False, tree_metadata=False, stack_traces=False)
    Platform(app, catalog=catalog, settings=chosen)
    assembly = app.synth().get_nested_assembly(f"assembly-Septet-{chosen.environment}")
    by_stack = {stack.stack_name: json.loads(Path(stack.template_full_path).read_text()) for stack in assembly.stacks}
    return Templates(settings=chosen, catalog=catalog, folder=folder, by_stack=by_stack)
