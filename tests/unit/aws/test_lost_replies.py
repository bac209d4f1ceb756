"""A reply of DynamoDB is lost, and botocore asks again by itself: what it then finds is what it wrote."""

from copy import replace
from typing import Any

import pytest

from septet.aws.items import Item
from septet.aws.progress import DynamoProgresses
from septet.aws.replays import DynamoReplays
from septet.aws.summaries import DynamoSummaries
from septet.core.errors import Fenced
from septet.core.journal import Branch
from septet.core.replays import Going, Replay
from septet.observability.progress import Progress

ORDER = Replay(tenant="acme", replay="rpl-1", by="olga", at=1_700_000_000_000, of="acme")
MAIN = Branch(tenant="acme", run="run-1")


class Taken(Exception):  # noqa: N818 -- stands for ConditionalCheckFailedException
    """The condition did not hold; the item that stands is told to who asks for it."""

    def __init__(self, found: Item, told: str) -> None:
        self.response = {"Item": found} if told == "ALL_OLD" else {}


class Table:
    """A double of one table, over botocore that asks again where the first reply to a write was *lost*."""

    class exceptions:  # noqa: N801 -- as botocore's clients have it
        ConditionalCheckFailedException = Taken

    def __init__(self) -> None:
        self.held: dict[str, Item] = {}
        self.tokens: set[str] = set()
        self.lost = False

    def put_item(self, **asked: Any) -> None:
        self._put(**asked)
        if self.lost:
            self._put(**asked)

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]], ClientRequestToken: str) -> None:  # noqa: N803
        """Of one token it is done once."""
        for _ in range(1 + self.lost):
            if ClientRequestToken not in self.tokens:
                self.tokens.add(ClientRequestToken)
                for one in TransactItems:
                    self._put(**one["Put"])

    def _put(self, *, Item: Item, ConditionExpression: str, ReturnValuesOnConditionCheckFailure: str = "NONE", **asked: Any) -> None:  # noqa: N803
        key = str([Item["pk"], Item.get("what")])
        stands = self.held.get(key)
        name = asked.get("ExpressionAttributeNames", {}).get(ConditionExpression.rpartition(" = ")[0].rpartition(" ")[2])
        fresh = stands is None and "attribute_not_exists" in ConditionExpression
        if not fresh and (stands is None or name is None or stands[name] != asked["ExpressionAttributeValues"][":before"]):
            raise Taken(stands or {}, ReturnValuesOnConditionCheckFailure)
        self.held[key] = Item

    def get_item(self, *, Key: Item, **_: Any) -> dict[str, Item]:  # noqa: N803
        found = self.held.get(str([Key["pk"], Key.get("what")]))
        return {"Item": found} if found else {}


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_replay_goes_on_after_a_lost_reply_and_somebody_elses_writing_still_stands_in_the_way(table: Table) -> None:
    replays = DynamoReplays(table, "replays", pause=lambda _: None)
    replays.create(ORDER, Going())
    table.lost = True
    further = replays.keep(replace(ORDER, done=1))
    assert (further.version, replays.get("acme", "rpl-1")) == (1, further)
    with pytest.raises(Fenced):
        replays.keep(replace(ORDER, done=1))


def test_a_checkpoint_is_moved_in_spite_of_a_lost_reply_and_by_one_of_two_who_write_the_same(table: Table) -> None:
    progresses = DynamoProgresses(table, "projections")
    table.lost = True
    progresses.keep(MAIN, Progress(next=3), before=Progress())
    assert progresses.get(MAIN) == Progress(next=3)
    with pytest.raises(Fenced):
        progresses.keep(MAIN, Progress(next=3), before=Progress())
    progresses.keep(MAIN, Progress(next=5), before=Progress(next=3))
    assert progresses.get(MAIN) == Progress(next=5)


def test_a_replay_that_is_let_in_by_a_write_whose_reply_was_lost_is_let_in_once(table: Table) -> None:
    table.lost = True
    replays = DynamoReplays(table, "replays", pause=lambda _: None)
    replays.create(ORDER, Going(replays=("rpl-1",)))
    stalled = replays.keep(replace(ORDER, status="stalled"))
    assert replays.resume(stalled.resumed(9), replays.going("acme")).status == "running"
    assert replays.going("acme").version == 2


def test_a_flag_whose_reply_was_lost_was_set_by_who_asks_again_and_another_ones_is_not() -> None:
    class Summaries(Table):
        """Of one item, which has what was set."""

        def update_item(self, *, ReturnValuesOnConditionCheckFailure: str = "NONE", **asked: Any) -> None:  # noqa: N803
            told, given = ReturnValuesOnConditionCheckFailure, asked["ExpressionAttributeValues"]
            for _ in range(1 + self.lost):
                stands = self.held.setdefault("it", {"flagged": {"SS": []}})
                if given[":kind"]["S"] in stands["flagged"]["SS"]:
                    raise Taken(stands, told)
                both = [*stands["flagged"]["SS"], *given[":kinds"]["SS"]]
                self.held["it"] = stands | {"flagged": {"SS": both}, asked["ExpressionAttributeNames"]["#by"]: given[":writer"]}

    table = Summaries()
    table.lost = True
    summaries = DynamoSummaries(table, "summaries")
    assert [summaries.flag("acme", "run-1", kind) for kind in ("cost", "steps", "cost")] == [True, True, False]
    assert len({one["S"] for name, one in table.held["it"].items() if name.startswith("flagger.")}) == 2, "each flag has its own"
