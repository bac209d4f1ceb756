from types import SimpleNamespace
from typing import Any

from local.seed import put_if_missing


class ConditionFailedError(Exception):
    pass


class FakeTable:
    """A fake of DynamoDB's client with one table that knows one condition."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionFailedError)

    def __init__(self) -> None:
        self.items: dict[str, Any] = {}

    def put_item(self, *, TableName: str, Item: Any, ConditionExpression: str = "") -> None:  # noqa: N803 -- as DynamoDB writes them
        assert TableName == "septet-twin-orders"
        key = Item["tenant"]["S"] + Item["order_id"]["S"]
        if ConditionExpression == "attribute_not_exists(order_id)" and key in self.items:
            raise ConditionFailedError
        self.items[key] = Item


def test_an_order_that_exists_stays_as_it_is() -> None:
    table = FakeTable()
    order = {"tenant": "demo", "order_id": "A-1", "left": 10}
    assert put_if_missing(table, order)
    assert not put_if_missing(table, {**order, "left": 99})
    assert [one["left"] for one in table.items.values()] == [{"N": "10"}]
