"""Items that are no entries any more. What DynamoDB does with the journal, tests/contracts/test_journal.py says."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from septet.aws.journal import DynamoJournal
from septet.core.entries import Answer, Damaged, Entry
from septet.core.errors import JournalDamaged
from septet.core.journal import Branch, Head, Pen, from_json, to_json, verify
from septet.core.money import Usage

BRANCH = Branch(tenant="acme", run="run-1")


class Table:
    """A double of DynamoDB's client and of the bodies for one branch."""

    class exceptions:  # noqa: N801 -- as boto3 has it
        ConditionalCheckFailedException = LookupError

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.bodies: dict[str, bytes] = {}

    def put_item(self, *, Item: dict[str, Any], **_: Any) -> None:  # noqa: N803 -- boto3's name
        self.items.append(Item)

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": self.items}

    def put(self, _: Branch, digest: str, body: bytes) -> None:
        self.bodies[digest] = body

    def get(self, _: Branch, digest: str) -> bytes | None:
        return self.bodies.get(digest)

    def journal(self, *, gaps: bool) -> DynamoJournal:
        bodies: Any = self
        return DynamoJournal(self, "journal", bodies, gaps=gaps)


@pytest.fixture
def table() -> Table:
    """Three entries, the second of which has its body apart."""
    table = Table()
    pen = Pen(journal=table.journal(gaps=False), branch=BRANCH, clock=lambda: 1, head=Head(), agent="clerk")
    for size in (1, 10_000, 1):
        pen.write(Answer(value="x" * size), usage=Usage(input=1, output=1))
    return table


def header(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(item: dict[str, Any]) -> None:
        kept = {name: value for name, value in (json.loads(item["header"]["S"]) | changes).items() if value != "left out"}
        item["header"]["S"] = json.dumps(kept)

    return change


CHANGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda item: item.pop("header"),
    lambda item: item.update(header={"S": "oops"}),
    lambda item: item.update(header={"S": "[]"}),
    lambda item: item.update(header={"S": "7"}),
    lambda item: item.update(header={"N": "7"}),
    lambda item: item.update(header={"NULL": True}),
    header(cost="x"),
    header(cost=10**400),
    header(cost=-(2**53)),
    header(number=10**9),
    header(number=-1),
    header(usage={"input": 2**53, "output": 1, "cache_read": 0, "cache_write": 0}),
    header(at=10**30),
    header(labels=[1]),
    header(usage={"input": "x"}),
    header(usage={"input": "x", "output": 1, "cache_read": 0, "cache_write": 0}),
    header(more=1),
    header(agent=None),
    header(digest="../another"),
    header(digest="left out"),
    lambda item: item.update(body={"S": "{oops"}),
    lambda item: item.update(body={"S": '{"type":"zzz"}'}),
    lambda item: item.update(body={"S": '{"type":"answer","version":1}'}),
    lambda item: item.update(body={"S": '{"type":"hand_over","version":1,"to":["x"],"reason":""}'}),
    lambda item: item.update(body={"S": "7"}),
    lambda item: item.update(body={"S": "[" * 200_000}),
    lambda item: item.update(body={"B": b"\xff"}),
    lambda item: item.pop("hash"),
    lambda item: item.update(hash={"N": "7"}),
    lambda item: item.update(salt={"N": "7"}),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_item_that_is_no_entry_is_named_by_whoever_looks_and_stops_whoever_works(table: Table, place: int, change: Any) -> None:
    assert verify(table.journal(gaps=True).read(BRANCH)) == []
    change(table.items[place])
    found = list(table.journal(gaps=True).read(BRANCH))
    assert isinstance(found[place].body, Damaged)
    told = verify(_over_the_wire(entry) for entry in found)
    assert f"entry {place} cannot be read: what is stored is no entry" in told
    if isinstance(table.items[place].get("hash", {}).get("S"), str):
        assert len(told) == 1, "the others stand"
    with pytest.raises(JournalDamaged, match=f"entry {place} of main cannot be read"):
        list(table.journal(gaps=False).read(BRANCH))


def test_a_large_body_that_is_no_text_is_no_entry_s(table: Table) -> None:
    table.bodies = dict.fromkeys(table.bodies, b"\xff\xfe\xff")
    assert verify(table.journal(gaps=True).read(BRANCH)) == ["entry 1 cannot be read: what is stored is no entry"]


def _over_the_wire(entry: Entry) -> Entry:
    return from_json(json.loads(json.dumps(to_json(entry))))
