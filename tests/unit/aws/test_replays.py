"""What becomes of an order of a replay when DynamoDB refuses it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from septet.aws.replays import DynamoReplays
from septet.core.errors import Fenced, StoreUnavailable
from septet.core.replays import Going, Replay

ORDER = Replay(tenant="acme", replay="rpl-1", by="olga", at=1_700_000_000_000, of="acme")


def cancelled(*reasons: str) -> ClientError:
    error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": reason} for reason in reasons]}
    return ClientError(error, "TransactWriteItems")  # type: ignore[arg-type]  # the stubs leave out the reasons


class Table:
    """A double of a DynamoDB client, which answers a transaction as its lines say, the last again and again; None is success."""

    class exceptions:  # noqa: N801 -- boto3's name
        class ConditionalCheckFailedException(ClientError):  # noqa: N818 -- boto3's name
            """As boto3 makes it."""

    def __init__(self, *lines: ClientError | None) -> None:
        self.lines = list(lines)
        self.asked: list[dict[str, Any]] = []
        self.pauses: list[int] = []

    def transact_write_items(self, **asked: Any) -> None:
        self.asked.append(asked)
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        if line:
            raise line

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}

    def create(self) -> Replay:
        return DynamoReplays(self, "replays", pause=self.pauses.append).create(ORDER, Going(replays=("rpl-1",)))


def test_one_that_meets_another_write_is_made_again_as_the_same_request() -> None:
    table = Table(cancelled("None", "TransactionConflict"), None)
    assert table.create() == ORDER
    assert (len(table.asked), len(table.pauses)) == (2, 1)
    assert len({asked["ClientRequestToken"] for asked in table.asked}) == 1


def test_one_that_comes_after_another_is_told_so() -> None:
    with pytest.raises(Fenced):
        Table(cancelled("None", "ConditionalCheckFailed")).create()


def test_an_order_and_who_goes_on_are_one_write() -> None:
    table = Table(None)
    table.create()
    order, going = (one["Put"] for one in table.asked[0]["TransactItems"])
    assert (order["ConditionExpression"], going["ConditionExpression"]) == ("attribute_not_exists(pk)",) * 2
    assert int(going["Item"]["expires"]["N"]) >= int(order["Item"]["expires"]["N"])


def test_what_is_down_is_no_other_order() -> None:
    error = ClientError({"Error": {"Code": "ThrottlingException"}}, "TransactWriteItems")
    with pytest.raises(StoreUnavailable):
        Table(error).create()
