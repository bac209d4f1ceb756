"""Reading `cdk.out`: the stacks in the order in which they deploy, and the files they need.

The format is that of aws-cdk-lib's package cloud-assembly-schema; every stage of the app is an assembly inside the assembly.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_STACK = "aws:cloudformation:stack"
_ASSETS = "cdk:asset-manifest"
_NESTED = "cdk:cloud-assembly"


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file that must lie in the staging bucket before a stack that names it can deploy."""

    path: Path
    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """One stack of the app."""

    name: str
    template: Path
    parameter: str
    """The parameter that says which version of the bootstrap resources there is."""

    @property
    def digest(self) -> str:
        """The SHA-256 of its template, in hex."""
        return hashlib.sha256(self.template.read_bytes()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """What the app made."""

    stacks: tuple[Stack, ...]
    """Every stack comes after those it depends on."""
    assets: tuple[Asset, ...]


def read(folder: Path) -> Assembly:
    """Read an assembly and those inside it."""
    stacks: list[Stack] = []
    assets: dict[str, Asset] = {}
    for inside in _assemblies(folder):
        artifacts = _artifacts(inside)
        for artifact in _ordered(artifacts):
            properties = artifact.get("properties", {})
            if artifact["type"] == _STACK:
                parameter = str(properties.get("bootstrapStackVersionSsmParameter", ""))
                stacks.append(Stack(name=properties["stackName"], template=inside / properties["templateFile"], parameter=parameter))
            elif artifact["type"] == _ASSETS:
                assets |= {asset.key: asset for asset in _assets(inside, properties["file"])}
    return Assembly(stacks=tuple(stacks), assets=tuple(assets.values()))


def _assemblies(folder: Path) -> Iterator[Path]:
    yield folder
    for artifact in _artifacts(folder).values():
        if artifact["type"] == _NESTED:
            yield from _assemblies(folder / artifact["properties"]["directoryName"])


def _artifacts(folder: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["artifacts"]
    return found


def _ordered(artifacts: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every artifact after those it depends on; otherwise as they are written."""
    done: set[str] = set()

    def visit(name: str) -> Iterator[dict[str, Any]]:
        if name in done or name not in artifacts:
            return
        done.add(name)
        for before in artifacts[name].get("dependencies", []):
            yield from visit(before)
        yield artifacts[name]

    for name in artifacts:
        yield from visit(name)


def _assets(folder: Path, manifest: str) -> Iterator[Asset]:
    for file in json.loads((folder / manifest).read_text(encoding="utf-8"))["files"].values():
        if file["source"].get("packaging", "file") != "file":
            raise ValueError(f"{manifest}: {file['source']} is not a file: make archives when the app runs")
        for to in file["destinations"].values():
            yield Asset(path=folder / file["source"]["path"], bucket=to["bucketName"], key=to["objectKey"])
