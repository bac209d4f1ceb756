import importlib.util
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from septet.core.errors import PolicyDenied
from septet.entry.tool import Context

PATH = Path(__file__).parents[3] / "functions" / "tools" / "issue_refund" / "handler.py"
CONTEXT = Context(tenant="acme", run="run-1", principal="customer-1", key="k" * 40)
ARGUMENTS = {"order_id": "A-1", "amount_cents": 100, "reason": "broken"}
RECEIPT = {"refund": "k" * 12, "order_id": "A-1", "amount_cents": 100}


class Cancelled(ClientError):  # noqa: N818 -- says what happened
    pass


class Tables:
    """A DynamoDB client whose transactions are cancelled for the reasons given; *paid* is what it finds then."""

    class exceptions:  # noqa: N801 -- boto3's names
        TransactionCanceledException = Cancelled

    def __init__(self, *codes: str, paid: bool = False) -> None:
        self.codes, self.paid = codes, paid
        self.written: list[Any] = []

    def transact_write_items(self, *, TransactItems: list[Any]) -> None:  # noqa: N803 -- boto3's names
        if self.codes:
            reasons: Any = {
                "Error": {"Code": "TransactionCanceledException"},
                "CancellationReasons": [{"Code": code} for code in self.codes],
            }
            raise Cancelled(reasons, "TransactWriteItems")
        self.written.append(TransactItems)

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {"Item": {"tenant": {"S": "acme"}}} if self.paid else {}


def issue(tables: Tables) -> Any:
    spec = importlib.util.spec_from_file_location("issue_refund", PATH)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.issue_refund(ARGUMENTS, CONTEXT, table=lambda name: (tables, f"septet-dev-{name}"))


def test_payment_and_what_is_left_change_in_one_transaction() -> None:
    tables = Tables()
    assert issue(tables) == RECEIPT
    ((put, update),) = tables.written
    assert put["Put"]["TableName"] == "septet-dev-refunds"
    assert put["Put"]["Item"]["refund_key"] == {"S": "k" * 40}
    assert update["Update"]["TableName"] == "septet-dev-orders"


def test_what_was_paid_is_the_same_payment() -> None:
    assert issue(Tables("ConditionalCheckFailed", "None", paid=True)) == RECEIPT
    assert issue(Tables("TransactionConflict", "TransactionConflict", paid=True)) == RECEIPT


def test_what_the_rule_forbids_is_denied() -> None:
    with pytest.raises(PolicyDenied, match="A-1"):
        issue(Tables("None", "ConditionalCheckFailed"))


@pytest.mark.parametrize("codes", [("TransactionConflict", "None"), ("None", "ThrottlingError")])
def test_another_transaction_in_the_way_is_no_refusal_because_the_effect_may_yet_happen(codes: tuple[str, str]) -> None:
    with pytest.raises(Cancelled):
        issue(Tables(*codes))
