"""docs/iam.md and policies/unused.toml say what the templates say."""

from typing import Any

import pytest

from local.iam import examination, templates
from local.iam.page import page
from local.iam.templates import Account
from tests.stacks.templates import ROOT


@pytest.fixture(scope="module")
def account(deployed: Any) -> Account:
    names = deployed.settings.names
    return templates.load(deployed.folder, templates.Place(region=names.region, account=names.account))


def kept() -> list[examination.Kept]:
    return examination.kept(ROOT / "policies" / "unused.toml")


def test_the_page_is_current(account: Account) -> None:
    written = (ROOT / "docs" / "iam.md").read_text()
    assert written == page(account, kept()), "run `make synth` and `python -m local.iam`"


def test_every_role_of_the_templates_is_read(account: Account, deployed: Any) -> None:
    assert {str(role) for role in account.roles} == {str(role) for role in deployed.roles()}


def test_every_entry_of_unused_grants_speaks_about_a_grant_and_has_a_reason(account: Account) -> None:
    grants = [*examination.grants(account)]
    for entry in kept():
        assert entry.reason.strip()
        for action in entry.actions:
            assert any(entry.fits(grant) and grant.action == action for grant in grants), (
                f"nobody has {action} on {entry.on} as {entry.role}"
            )
