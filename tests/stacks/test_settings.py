import json
from pathlib import Path
from typing import Any

import pytest

from stacks.settings import SettingsError, settings

CONTEXT: dict[str, Any] = {
    "environment": "here",
    "environments": {
        "here": {
            "account": "000000000000",
            "region": "us-east-1",
            "architecture": "host",
            "issuer": "i",
            "audience": "a",
            "jwks_url": "j",
            "retain": False,
            "log_days": 1,
        },
        "there": {"issuer": "i", "audience": "a", "jwks_url": "j"},
    },
}


def given(**overrides: Any) -> dict[str, Any]:
    return {**CONTEXT, **overrides}


def test_the_environment_is_read_from_the_context() -> None:
    found = settings(given(), ambient={}, machine="x86_64", system="linux")
    assert (found.environment, found.retain, found.log_days, found.requests_per_second) == ("here", False, 1, 50)


def test_the_command_line_wins() -> None:
    found = settings(given(issuer="other", retain="true", burst="7", architecture="arm64"), ambient={})
    assert (found.issuer, found.retain, found.burst, found.architecture) == ("other", True, 7, "arm64")


def test_account_and_region_may_come_from_credentials() -> None:
    found = settings(given(environment="there"), ambient={"CDK_DEFAULT_ACCOUNT": "123456789012", "CDK_DEFAULT_REGION": "eu-west-1"})
    assert (found.account, found.region, found.architecture) == ("123456789012", "eu-west-1", "arm64")


def test_data_outlives_its_stack_unless_said_otherwise() -> None:
    assert settings(given(environment="there", account="1", region="r"), ambient={}).retain


@pytest.mark.parametrize(
    ("said", "watched"),
    [
        ({}, False),
        ({"watched": "true"}, True),
        ({"retain": "true"}, True),
        ({"retain": "true", "watched": "false"}, False),
        ({"environment": "there", "account": "1", "region": "r"}, True),
        ({"environment": "there", "account": "1", "region": "r", "retain": "false"}, False),
    ],
)
def test_who_keeps_nothing_is_not_watched_unless_it_is_said(said: dict[str, str], watched: bool) -> None:  # noqa: FBT001 -- what is expected
    assert settings(given(**said), ambient={}).watched is watched


def test_of_the_environments_here_production_is_watched_and_so_is_the_twin_which_costs_nothing() -> None:
    context = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
    known = {"account": "0", "region": "us-east-1", "issuer": "i", "jwks_url": "j"}
    watched = {name: settings({**context, **known, "environment": name}, ambient={}).watched for name in context["environments"]}
    assert watched == {"twin": True, "dev": False, "prod": True}


@pytest.mark.parametrize(
    ("machine", "system", "architecture", "wheels"),
    [
        ("x86_64", "linux", "x86_64", "x86_64-manylinux_2_28"),
        ("aarch64", "linux", "arm64", "aarch64-manylinux_2_28"),
        ("arm64", "darwin", "arm64", "aarch64-apple-darwin"),
        ("AMD64", "linux", "x86_64", "x86_64-manylinux_2_28"),
    ],
)
def test_on_the_twin_wheels_fit_the_host(machine: str, system: str, architecture: str, wheels: str) -> None:
    found = settings(given(), ambient={}, machine=machine, system=system)
    assert (found.architecture, found.wheels) == (architecture, wheels)


def test_what_goes_to_lambda_fits_lambda_wherever_it_was_made() -> None:
    assert settings(given(architecture="arm64"), ambient={}, machine="x86_64", system="darwin").wheels == "aarch64-manylinux_2_28"


def test_the_app_is_run_by_the_cdk_command() -> None:
    with pytest.raises(SettingsError, match=r"there is no cdk\.json in the context"):
        settings({}, ambient={})


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"environment": "nowhere"}, r"environment 'nowhere' is none of cdk.json's \(here, there\)"),
        ({"environment": "there"}, r"environments\.there\.account is missing: write it into cdk\.json, or pass -c account=VALUE"),
        ({"retain": "perhaps"}, r"retain is 'perhaps', not a true or false"),
        ({"burst": "many"}, r"burst is 'many', not a whole number"),
        ({"architecture": "riscv"}, r"architecture 'riscv' is neither arm64 nor x86_64"),
        ({"log_days": "2"}, r"log_days is 2, none of 1, 7, 30, 90, 365"),
        ({"environment": "no-dash", "environments": {"no-dash": {}}}, r"environment 'no-dash' is none"),
        ({"environments": {"here": {"regoin": "x"}}}, r"environments\.here\.regoin is no setting; there is: .*region"),
    ],
)
def test_a_bad_setting_is_named(overrides: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        settings(given(**overrides), ambient={}, machine="x86_64", system="linux")
