"""Who sends spans, and where to: one function, to X-Ray unless a setting names a collector."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stacks.catalog import read
from stacks.constructs.function import environment
from stacks.settings import Settings, SettingsError
from tests.stacks.templates import ROOT, Templates

SENDS = ["xray:PutSpans", "xray:PutSpansForIndexing"]


def told(templates: Templates) -> list[tuple[str, str]]:
    """Function and address."""
    every = [function.properties for function in templates.all("AWS::Lambda::Function")]
    held = [(one["FunctionName"], one["Environment"]["Variables"]) for one in every if "Environment" in one]
    return [(name, variables["SEPTET_TRACES_URL"]) for name, variables in held if "SEPTET_TRACES_URL" in variables]


def test_whoever_projects_alone_has_opentelemetry() -> None:
    catalog = read(ROOT)
    assert [function.name for function in catalog.functions if function.layer == "telemetry"] == ["project", "replay"]
    lists = (ROOT / "layers" / "dependencies").glob("*/requirements.txt")
    assert [path.parent.name for path in lists if "opentelemetry" in path.read_text()] == ["telemetry"]


def test_whoever_projects_alone_may_send_spans(deployed: Templates) -> None:
    roles = [
        role.id
        for role in deployed.all("AWS::IAM::Role")
        for policy in role.properties.get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == SENDS
    ]
    assert [name for role in roles for name in ("Project", "Replay") if name in role] == ["Project", "Replay"]


def test_without_the_setting_spans_go_to_x_ray(deployed: Templates) -> None:
    assert told(deployed) == []


def test_with_it_they_go_there() -> None:
    catalog = read(ROOT)
    chosen = Settings(
        environment="dev",
        account="000000000000",
        region="eu-central-1",
        architecture="arm64",
        wheels="any",
        issuer="https://issuer.example",
        audience="septet",
        jwks_url="https://issuer.example/keys",
        traces_url="https://collector.example/v1/traces",
    )
    told = {function.name: environment(chosen, function, catalog.budgets).get("SEPTET_TRACES_URL") for function in catalog.functions}
    assert {name: url for name, url in told.items() if url} == dict.fromkeys(("project", "replay"), "https://collector.example/v1/traces")


@pytest.mark.parametrize("wrong", ["collector.example", "https://collector.example", "https://me:secret@collector.example/v1/traces"])
def test_a_setting_that_is_no_address_is_refused(tree: Path, synth: Callable[..., Templates], wrong: str) -> None:
    with pytest.raises(SettingsError, match="give a whole address"):
        synth(tree, traces_url=wrong)
