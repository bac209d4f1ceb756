"""Deploying to a real twin, and not believing the emulator."""

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.twin import aws, deployed, faked
from local.twin.assembly import Stack
from local.twin.cloudformation import Stacks
from local.twin.deploy import Deployer
from local.twin.errors import TwinError
from local.twin.inputs import READ
from local.twin.layout import Layout

REPOSITORY = Path(__file__).parents[2]
QUEUE = {"Type": "AWS::SQS::Queue"}
LACKING = {"Type": "AWS::AppFlow::Flow", "Properties": {"FlowName": "f"}}
REFUSED = {"Type": "AWS::ApiGateway::Resource", "Properties": {"RestApiId": "none", "ParentId": "none", "PathPart": "p"}}


@pytest.fixture
def stacks(bare_twin: Any) -> Stacks:
    return Stacks(aws.cloudformation(bare_twin.endpoint))


@pytest.fixture
def bring(bare_twin: Any, stacks: Stacks, tmp_path: Path) -> Iterator[Any]:
    """Deploy resources as the stack of this test."""
    name, s3 = f"small-{uuid.uuid4().hex[:8]}", bare_twin.client("s3")
    s3.create_bucket(Bucket=name)

    def bring(**resources: Any) -> bool:
        template = tmp_path / "template.json"
        template.write_text(json.dumps({"Resources": resources}))
        s3.put_object(Bucket=name, Key="template.json", Body=template.read_bytes())
        return stacks.bring(Stack(name=name, template=template, parameter=""), f"{bare_twin.endpoint}/{name}/template.json")

    bring.stack = name  # type: ignore[attr-defined]  # the tests look at its events
    yield bring
    bare_twin.client("cloudformation").delete_stack(StackName=name)


def test_a_type_that_the_emulator_lacks_is_found_out(bring: Any, stacks: Stacks) -> None:
    assert bring(Flow=LACKING, Queue=QUEUE)
    found = faked.faked(bring.stack, stacks.events(bring.stack))
    assert [(one.logical, one.type) for one in found] == [("Flow", "AWS::AppFlow::Flow")]
    with pytest.raises(TwinError, match="AWS::AppFlow::Flow"):
        faked.require_none(found, allowed=())


def test_a_stack_as_it_should_be_is_left_alone(bring: Any) -> None:
    assert bring(Queue=QUEUE)
    assert not bring(Queue=QUEUE)


def test_a_failed_creation_says_which_resource_and_why(bring: Any) -> None:
    with pytest.raises(TwinError, match=r"Part \(AWS::ApiGateway::Resource\): .*NotFound"):
        bring(Part=REFUSED)


def test_a_failed_update_is_a_failure_though_the_emulator_says_update_complete(bring: Any) -> None:
    bring(Queue=QUEUE)
    with pytest.raises(TwinError, match=r"Part \(AWS::ApiGateway::Resource\)"):
        bring(Queue=QUEUE, Part=REFUSED)


APP = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir(parents=True)
resources = json.loads(pathlib.Path("resources.json").read_text())
(out / "t.json").write_text(json.dumps({"Resources": resources}))
there = {"bucketName": "by-hand", "objectKey": "t.json"}
(out / "a.json").write_text(json.dumps({"files": {"t": {"source": {"path": "t.json"}, "destinations": {"here": there}}}}))
stack = {"type": "aws:cloudformation:stack", "properties": {"stackName": "by-hand", "templateFile": "t.json"}}
assets = {"type": "cdk:asset-manifest", "properties": {"file": "a.json"}}
(out / "manifest.json").write_text(json.dumps({"artifacts": {"stack": stack, "assets": assets}}))
"""


def test_a_deployment_with_a_faked_resource_fails_and_is_not_written_down(bare_twin: Any, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "cdk.json").write_text('{"context": {}}')
    (tmp_path / "resources.json").write_text(json.dumps({"Flow": LACKING}))
    layout = Layout(home=tmp_path / "home")
    layout.home.mkdir()
    deployer = Deployer(
        layout, endpoint=bare_twin.endpoint, doubles=bare_twin.doubles, ambient=os.environ, say=lambda _: None, root=tmp_path
    )
    with pytest.raises(TwinError, match=r"Flow in by-hand .*AWS::AppFlow::Flow"):
        deployer.deploy()
    assert deployed.read(layout.deployed) is None
    assert layout.unfinished.exists()
    bare_twin.client("cloudformation").delete_stack(StackName="by-hand")


def test_nothing_to_do_is_said_at_once(twin: Any) -> None:
    known = twin.twin.layout.deployed.stat().st_mtime_ns
    done = twin.twin.deploy()
    assert done.stacks == ()
    assert done.said == "Nothing has changed since the last deployment."
    assert twin.twin.layout.deployed.stat().st_mtime_ns == known
    assert done.api == twin.api


def test_the_plain_cdk_command_finds_every_stack_as_it_should_be(twin: Any) -> None:
    programs = REPOSITORY / ".venv" / "bin"
    variables = {"AWS_ENDPOINT_URL": twin.endpoint, "AWS_ENDPOINT_URL_S3": twin.endpoint, "AWS_REGION": aws.REGION}
    credentials = {"AWS_ACCESS_KEY_ID": aws.MADE_UP, "AWS_SECRET_ACCESS_KEY": aws.MADE_UP}
    told = subprocess.run(
        [REPOSITORY / "node_modules/.bin/cdk", "deploy", "**", "--app", twin.twin.layout.assembly, "--require-approval", "never"],
        env={**os.environ, **variables, **credentials, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # where the command tells depends on CI being set
        text=True,
        check=True,
    ).stdout
    found = deployed.read(twin.twin.layout.deployed)
    assert found is not None
    assert told.count("(no changes)") == len(found.stacks)


def test_a_change_of_one_function_makes_a_version_of_that_function_and_of_no_other(twin: Any, tmp_path: Path) -> None:
    for name in (*READ, ".layers"):
        source = REPOSITORY / name
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    with (tmp_path / "functions/tools/find_order/handler.py").open("a") as handler:
        handler.write("\n# changed by a test\n")
    before = live_versions(twin)
    said: list[str] = []
    of = twin.twin
    shutil.copytree(of.layout.assembly, tmp_path / "as it was")
    done = Deployer(of.layout, endpoint=of.endpoint, doubles=of.doubles, ambient=of.ambient, say=said.append, root=tmp_path).deploy()
    assert any(line.startswith("running the CDK app: functions/tools/find_order changed") for line in said)
    assert done.stacks == ("Septet-twin-Execution",)
    after = live_versions(twin)
    assert {name for name in after if after[name] != before[name]} == {"septet-twin-tool-find_order"}
    shutil.rmtree(of.layout.assembly)
    (tmp_path / "as it was").rename(of.layout.assembly)
    assert of.deploy().stacks == ("Septet-twin-Execution",)


def live_versions(twin: Any) -> dict[str, str]:
    """The version behind the alias `live` of every function."""
    lambda_ = twin.client("lambda")
    names = [found["FunctionName"] for page in lambda_.get_paginator("list_functions").paginate() for found in page["Functions"]]
    ours = [name for name in names if name.startswith("septet-twin-")]
    return {name: lambda_.get_alias(FunctionName=name, Name="live")["FunctionVersion"] for name in ours}
