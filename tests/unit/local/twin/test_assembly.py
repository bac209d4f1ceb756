import json
from pathlib import Path
from typing import Any

import pytest

from local.twin import assembly


def write(folder: Path, artifacts: dict[str, Any], **manifests: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    for name, content in manifests.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def stack(name: str, *dependencies: str) -> dict[str, Any]:
    properties = {"stackName": name, "templateFile": f"{name}.template.json", "bootstrapStackVersionSsmParameter": "/cdk/version"}
    return {"type": "aws:cloudformation:stack", "properties": properties, "dependencies": list(dependencies)}


def asset(path: str, key: str, packaging: str = "file") -> dict[str, Any]:
    return {"source": {"path": path, "packaging": packaging}, "destinations": {"here": {"bucketName": "staging", "objectKey": key}}}


def test_stacks_come_after_those_they_depend_on_whatever_the_order_in_the_manifest(tmp_path: Path) -> None:
    artifacts = {"C": stack("c", "B", "elsewhere"), "A": stack("a"), "B": stack("b", "A")}
    assert [one.name for one in assembly.read(write(tmp_path, artifacts)).stacks] == ["a", "b", "c"]


def test_stages_are_assemblies_inside_and_an_asset_of_two_stacks_is_one_file(tmp_path: Path) -> None:
    nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-twin"}}
    write(tmp_path, {"assembly-twin": nested, "report": {"type": "aws-cdk-lib/feature-flag-report"}})
    manifests = {name: {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.json"}} for name in ("one", "two")}
    files = {"files": {"h": asset("../layer.zip", "h.zip")}}
    inside = write(tmp_path / "assembly-twin", {"A": stack("a", "one"), **manifests}, one=files, two=files)
    made = assembly.read(tmp_path)
    assert [(one.name, one.template, one.parameter) for one in made.stacks] == [("a", inside / "a.template.json", "/cdk/version")]
    assert [(one.bucket, one.key, one.path.resolve()) for one in made.assets] == [("staging", "h.zip", (tmp_path / "layer.zip").resolve())]


def test_an_asset_that_is_no_file_is_refused(tmp_path: Path) -> None:
    manifest = {"type": "cdk:asset-manifest", "properties": {"file": "one.json"}}
    with pytest.raises(ValueError, match="is not a file"):
        assembly.read(write(tmp_path, {"one": manifest}, one={"files": {"h": asset("folder", "h", packaging="zip")}}))
