"""cdk-nag's packs over all stacks: whatever they find is fixed, or left with a reason in policies/nag.toml or policies/wildcards.toml."""

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import pytest

from local.iam.patterns import matches
from stacks.catalog import read
from stacks.platform import Platform
from stacks.settings import settings
from tests.stacks.templates import ROOT, context
from tests.stacks.wildcards import reasons

WILDCARD = re.compile(r"AwsSolutions-IAM5\[Resource::(.+)\]")
IN_POLICIES = {"Serverless-LambdaStarPermissions"}
"""Rules that find the same wildcards once more, without saying which."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    rule: str
    at: str


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    from cdk_nag import AwsSolutionsChecks, ServerlessChecks  # noqa: PLC0415 its module takes a second, and only this needs it

    folder = tmp_path_factory.mktemp("nag")
    app = cdk.App(outdir=str(folder), context=context(), analytics_reporting=False, tree_metadata=False, stack_traces=False)
    platform = Platform(app, catalog=read(ROOT), settings=settings(context(), ambient={}))
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app), ServerlessChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):  # findings that are left count as failures
        app.synth()
    return [*_findings(json.loads((folder / "validation-report.json").read_text()), f"{platform.node.id}/")]


def _findings(report: dict[str, Any], stage: str) -> Iterator[Finding]:
    packs = report["pluginReports"]
    assert {pack["pluginName"] for pack in packs} == {"AwsSolutions", "Serverless"}
    for pack in packs:
        for violation in pack["violations"]:
            for construct in violation["violatingConstructs"]:
                yield Finding(rule=violation["ruleName"], at=construct["constructPath"].removeprefix(stage))


def left() -> list[dict[str, str]]:
    entries: list[dict[str, str]] = tomllib.loads((ROOT / "policies" / "nag.toml").read_text())["left"]
    return entries


def fits(entry: dict[str, str], finding: Finding) -> bool:
    return entry["rule"] == finding.rule and matches(entry["at"], finding.at)


def test_every_finding_has_a_reason(found: list[Finding]) -> None:
    about_others = [one for one in found if not WILDCARD.fullmatch(one.rule) and one.rule not in IN_POLICIES]
    assert len(about_others) > 10, "the packs found next to nothing: they did not run"
    open_ = [f"{one.rule} at {one.at}" for one in about_others if not any(fits(entry, one) for entry in left())]
    assert not open_, "\n".join(["fix these, or say in policies/nag.toml why they stay:", *open_])


def test_every_reason_is_needed(found: list[Finding]) -> None:
    for entry in left():
        assert entry["reason"].strip()
        assert any(fits(entry, one) for one in found), f"policies/nag.toml: nothing needs {entry['rule']} at {entry['at']}"


def test_every_wildcard_that_it_finds_has_a_reason(found: list[Finding], deployed: Any) -> None:
    """The boundary's are patterns to stay within: it grants nothing."""
    patterns = [pattern for pattern, _ in reasons(deployed)]
    wildcards = {(match[1], one.at) for one in found if (match := WILDCARD.fullmatch(one.rule)) and "Boundary" not in one.at}
    assert wildcards
    assert not [one for one in wildcards if not any(pattern.fullmatch(one[0]) for pattern in patterns)]
