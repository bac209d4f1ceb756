"""Two who settle one branch at the same moment, on DynamoDB alone: the double cannot be interrupted between its reading and its writing."""

from typing import Any

import pytest

from septet.core.journal import Branch
from septet.core.ledger import of_branch
from tests.contracts.conftest import Aws
from tests.contracts.test_ledger import NOW, UNTIL, amounts, on
from tests.money import DAY

pytestmark = pytest.mark.twin


class Overtaken:
    """A client after whose reading a successor holds money for the same entry, with a longer lease."""

    def __init__(self, client: Any, branch: Branch) -> None:
        self._client = client
        self._branch = branch
        self.exceptions = client.exceptions

    def get_item(self, **asked: Any) -> Any:
        found = self._client.get_item(**asked)
        on(self._client, DAY).reserve(self._branch, 1, 100, until=UNTIL + 500, settle={})
        return found

    def update_item(self, **asked: Any) -> Any:
        return self._client.update_item(**asked)


@pytest.fixture
def branch(aws: Aws, tenant: str) -> Branch:
    opened = Branch(tenant=tenant, run="run-1")
    on(aws.dynamodb, DAY).open(opened, 1_000, now=NOW)
    return opened


def test_a_sweeper_that_is_overtaken_settles_nothing_of_the_successor_s(aws: Aws, branch: Branch) -> None:
    ledger = on(aws.dynamodb, DAY)
    ledger.reserve(branch, 1, 100, until=UNTIL, settle={})
    on(Overtaken(aws.dynamodb, branch), DAY).settle(branch, {1: 0}, lapsed=UNTIL)
    assert amounts(ledger, branch) == (1_000, 0, 100, 900)


def test_a_lease_stays_while_somebody_else_holds_money(aws: Aws, branch: Branch) -> None:
    one, two = (on(aws.dynamodb, DAY) for _ in range(2))
    one.reserve(branch, 1, 100, until=UNTIL, settle={})
    two.reserve(branch, 2, 100, until=UNTIL + 500, settle={})
    one.settle(branch, {1: 30})
    account = one.account(branch.tenant, of_branch(branch.run))
    assert account is not None
    assert (account.until, dict(account.reservations)) == (UNTIL + 500, {2: 100})
