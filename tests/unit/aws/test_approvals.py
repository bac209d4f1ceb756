"""Questions that were stored before there was the index of those that wait."""

from collections.abc import Callable
from typing import Any

import pytest

from septet.aws.approvals import DynamoApprovals
from septet.security.approvals import Approval, Vote

APPROVAL = Approval(
    tenant="acme",
    approval="apr-1",
    run="run-1",
    turn="t",
    tool="x",
    arguments={},
    asked_by="a",
    asked_at=1,
    expires_at=90,
    approvers=2,
    escalates_at=5,
)


class Table:
    """A double of the client: one table, one question. It knows updates as far as approvals use them."""

    class exceptions:  # noqa: N801 -- boto3's name for it
        class ConditionalCheckFailedException(Exception):  # noqa: N818 -- boto3's name for it
            pass

    def put_item(self, **asked: Any) -> None:
        self.item = {name: held for name, held in asked["Item"].items() if "NULL" not in held}

    def update_item(self, **asked: Any) -> Any:
        given, names = asked["ExpressionAttributeValues"], asked.get("ExpressionAttributeNames", {})
        if "#status = :pending" in asked["ConditionExpression"] and self.item["status"] != given[":pending"]:
            raise self.exceptions.ConditionalCheckFailedException
        sets, _, removes = asked["UpdateExpression"].removeprefix("SET ").partition(" REMOVE ")
        for change in sets.split(", "):
            name, value = change.split(" = ")
            self.item[names.get(name, name)] = given[value]
        for name in filter(None, removes.split(", ")):
            self.item.pop(name, None)
        return {"Attributes": self.item}


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def approvals(table: Table) -> DynamoApprovals:
    """With one question, which has no key of the index."""
    made = DynamoApprovals(table, "approvals")
    made.ask(APPROVAL)
    assert table.item.pop("pending") == {"S": "yes"}
    return made


def decide(it: DynamoApprovals, status: Any, *votes: Vote) -> Approval | None:
    return it.decide("acme", "apr-1", status=status, by="ada", reason="", at=10, votes=votes)


WRITES: dict[str, Callable[[DynamoApprovals], Any]] = {
    "wait": lambda it: it.wait("acme", "apr-1", "token"),
    "escalate": lambda it: it.escalate("acme", "apr-1"),
    "a vote": lambda it: decide(it, "pending", Vote(by="ada", at=10)),
}


@pytest.mark.parametrize("write", WRITES)
def test_a_question_from_before_the_index_enters_it_with_the_next_write(approvals: DynamoApprovals, table: Table, write: str) -> None:
    WRITES[write](approvals)
    assert table.item["pending"] == {"S": "yes"}


@pytest.mark.parametrize("write", ["wait", "escalate"])
def test_a_question_that_is_decided_enters_it_by_no_write(approvals: DynamoApprovals, table: Table, write: str) -> None:
    assert decide(approvals, "approved")
    WRITES[write](approvals)
    assert "pending" not in table.item
    assert (table.item.get("token") == {"S": "token"}) == (write == "wait"), "and what is to be noted is noted all the same"
    assert (table.item["escalated"] == {"BOOL": True}) == (write == "escalate")
