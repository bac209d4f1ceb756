"""The support workflow's tools over real tables, as far as the twin's are real."""

import importlib.util
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from septet.aws.items import item, values
from septet.core.errors import PolicyDenied
from septet.entry.tool import Context
from tests.contracts.conftest import Aws

pytestmark = pytest.mark.twin
TOOLS = Path(__file__).parents[2] / "functions" / "tools"
ORDER = {
    "order_id": "A-1001",
    "customer": "customer-17",
    "item": "boots",
    "status": "delivered",
    "ordered_on": "2026-11-16",
    "total_cents": 9_000,
    "refundable_cents": 9_000,
    "currency": "EUR",
}


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, TOOLS / name / "handler.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, name)


@pytest.fixture
def tables(aws: Aws) -> Callable[[str], tuple[Any, str]]:
    return lambda name: (aws.dynamodb, f"contracts-{name}")


@pytest.fixture
def context(tenant: str, aws: Aws) -> Context:
    """The customer of one order, in a tenant of their own."""
    aws.dynamodb.put_item(TableName="contracts-orders", Item=item({"tenant": tenant, **ORDER}))
    return Context(tenant=tenant, run="run-1", principal="customer-17", key="k" * 40)


def left(aws: Aws, context: Context) -> int:
    key = item({"tenant": context.tenant, "order_id": "A-1001"})
    held = values(aws.dynamodb.get_item(TableName="contracts-orders", Key=key, ConsistentRead=True)["Item"])
    return int(held["refundable_cents"])


def change(aws: Aws, context: Context, **fields: Any) -> None:
    aws.dynamodb.put_item(TableName="contracts-orders", Item=item({"tenant": context.tenant, **ORDER, **fields}))


def refund(tables: Any, context: Context, cents: int = 4_000) -> Any:
    return load("issue_refund")({"order_id": "A-1001", "amount_cents": cents, "reason": "broken"}, context, table=tables)


class TestReading:
    def test_the_customer_s_own_order_is_found(self, tables: Any, context: Context) -> None:
        assert load("find_order")({"order_id": "A-1001"}, context, table=tables) == {"found": True, **ORDER}

    @pytest.mark.parametrize("changed", [{"principal": "customer-18"}, {"principal": ""}, {"tenant": "another"}])
    def test_anybody_else_s_does_not_exist(self, tables: Any, context: Context, changed: dict[str, str]) -> None:
        other = replace(context, **changed)
        assert load("find_order")({"order_id": "A-1001"}, other, table=tables) == {"found": False}
        assert load("refund_policy")({"order_id": "A-1001"}, other, table=tables)["due"] is False

    @pytest.mark.parametrize(
        ("status", "due"),
        [("delivered", True), ("lost", True), ("shipped", False), ("processing", False), ("cancelled", False), ("odd", False)],
    )
    def test_the_policy_and_the_payment_agree(self, aws: Aws, tables: Any, context: Context, status: str, *, due: bool) -> None:
        change(aws, context, status=status)
        policy = load("refund_policy")({"order_id": "A-1001"}, context, table=tables)
        assert (policy["due"], policy["at_most_cents"]) == (due, 9_000 if due else 0)
        if due:
            assert refund(tables, context, 9_000)["amount_cents"] == 9_000
        else:
            with pytest.raises(PolicyDenied):
                refund(tables, context, 1)


class TestPaying:
    def test_a_payment_takes_from_what_is_left(self, aws: Aws, tables: Any, context: Context) -> None:
        assert refund(tables, context) == {"refund": "k" * 12, "order_id": "A-1001", "amount_cents": 4_000}
        assert left(aws, context) == 5_000

    def test_the_same_key_pays_once(self, aws: Aws, tables: Any, context: Context) -> None:
        assert refund(tables, context) == refund(tables, context)
        assert left(aws, context) == 5_000

    def test_the_same_key_at_once_pays_once(self, aws: Aws, tables: Any, context: Context) -> None:
        together = Barrier(6)

        def pay(_: int) -> Any:
            together.wait()
            return refund(tables, context)

        with ThreadPoolExecutor(6) as pool:
            receipts = list(pool.map(pay, range(6)))
        assert all(receipt == receipts[0] for receipt in receipts)
        assert left(aws, context) == 5_000

    def test_no_more_is_paid_than_is_left(self, aws: Aws, tables: Any, context: Context) -> None:
        refund(tables, context, 6_000)
        with pytest.raises(PolicyDenied, match="A-1001"):
            refund(tables, replace(context, key="l" * 40), 3_001)
        assert left(aws, context) == 3_000

    def test_many_payments_at_once_never_take_more_than_there_is(self, aws: Aws, tables: Any, context: Context) -> None:
        together = Barrier(8)

        def pay(place: int) -> int:
            together.wait()
            try:
                return int(refund(tables, replace(context, key=f"{place}" * 40), 2_000)["amount_cents"])
            except PolicyDenied:
                return 0

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(pay, range(8))) == 8_000
        assert left(aws, context) == 1_000

    @pytest.mark.parametrize("changed", [{"principal": "customer-18"}, {"tenant": "another"}])
    def test_nobody_pays_from_another_s_order(self, aws: Aws, tables: Any, context: Context, changed: dict[str, str]) -> None:
        with pytest.raises(PolicyDenied):
            refund(tables, replace(context, **changed))
        assert left(aws, context) == 9_000
