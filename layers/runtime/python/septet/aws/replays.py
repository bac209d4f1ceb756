"""Replays in DynamoDB, with their own checkpoints: those of the live projector are none of a replay's business."""

from collections.abc import Callable
from copy import replace
from dataclasses import asdict
from typing import Any
from uuid import uuid4

from septet.aws.conflicts import together
from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.progress import DynamoProgresses, wrote
from septet.aws.trouble import reaching
from septet.core.errors import Fenced
from septet.core.journal import Branch
from septet.core.replays import KEPT, Going, Missed, Replay

_STORE = "the table of replays"
_ORDER, _MISSED, _AT, _GOING = "order", "missed#", "at#", "going"


class DynamoReplays:
    """The table ``replays``: partition ``pk`` = tenant#replay, sort ``what``; everything in it expires.

    Who goes on of a tenant's is ``going`` in the partition tenant#going.
    """

    def __init__(self, client: Any, table: str, *, pause: Callable[[int], None]) -> None:
        self._client = client
        self._table = table
        self._pause = pause
        """Waits for some milliseconds."""
        self._taken = client.exceptions.ConditionalCheckFailedException

    @reaching(_STORE)
    def going(self, tenant: str) -> Going:
        """Who was let in."""
        found = self._client.get_item(TableName=self._table, Key=_going(tenant), ConsistentRead=True)
        if "Item" not in found:
            return Going()
        held = values(found["Item"])
        return Going(replays=tuple(loads(held["replays"])), version=held["version"])

    @reaching(_STORE)
    def create(self, replay: Replay, going: Going) -> Replay:
        """Store it unless its id is taken."""
        if self._together(_held(replay), {"ConditionExpression": "attribute_not_exists(pk)"}, replay, going):
            return replay
        if stands := self.get(replay.tenant, replay.replay):
            return stands
        raise Fenced("another replay was let in")

    @reaching(_STORE)
    def resume(self, replay: Replay, going: Going) -> Replay:
        """Note it, and who goes on."""
        after = replace(replay, version=replay.version + 1)
        if not self._together(_held(after), _stands_at(replay.version), replay, going):
            raise Fenced("somebody else goes on with the replay, or another was let in")
        return after

    def _together(self, held: Item, condition: dict[str, Any], replay: Replay, going: Going) -> bool:
        """Write both, or neither where one of them is not as it was."""
        expires = (max(replay.at, replay.touched_at) + KEPT) // 1000  # not before any of them does
        counted = {"replays": dumps(list(going.replays)), "version": going.version + 1, "expires": expires}
        since = _stands_at(going.version) if going.version else {"ConditionExpression": "attribute_not_exists(pk)"}
        both = [(held, condition), (_going(replay.tenant) | item(counted), since)]
        items = [{"Put": {"TableName": self._table, "Item": one, **stands}} for one, stands in both]
        return together(self._client, items, self._pause)

    @reaching(_STORE)
    def get(self, tenant: str, replay: str) -> Replay | None:
        """The replay."""
        key = item({"pk": f"{tenant}#{replay}", "what": _ORDER})
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return _replay(found["Item"]) if "Item" in found else None

    @reaching(_STORE)
    def keep(self, replay: Replay) -> Replay:
        """Note how far it is, unless somebody else did; what botocore finds when it asks again after a lost reply is its own."""
        writer = uuid4().hex
        after = replace(replay, version=replay.version + 1)
        try:
            self._client.put_item(
                TableName=self._table,
                Item=_held(after) | item({"writer": writer}),
                **_stands_at(replay.version),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except self._taken as error:
            if wrote(error, writer):
                return after
            raise Fenced("somebody else goes on with the replay") from error
        return after

    @reaching(_STORE)
    def miss(self, replay: Replay, number: int, missed: Missed) -> None:
        """Note a run."""
        held = _key(replay, f"{_MISSED}{number:06d}") | item({"run": missed.run, "reason": missed.reason, "expires": _expires(replay)})
        self._client.put_item(TableName=self._table, Item=held)

    @reaching(_STORE)
    def missed(self, tenant: str, replay: str) -> tuple[Missed, ...]:
        """Those that were noted."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(what, :missed)",
            ExpressionAttributeValues=item({":pk": f"{tenant}#{replay}", ":missed": _MISSED}),
            ConsistentRead=True,
        )
        found = (values(held) for page in pages for held in page["Items"])
        return tuple(Missed(run=held["run"], reason=held["reason"]) for held in found)

    def progresses(self, replay: Replay) -> DynamoProgresses:
        """The checkpoints of one replay."""

        def key(branch: Branch) -> Item:
            return _key(replay, f"{_AT}{branch.tenant}#{branch.run}#{branch.path}")

        return DynamoProgresses(self._client, self._table, key=key, more=item({"expires": _expires(replay)}))


def _key(replay: Replay, what: str) -> Item:
    return item({"pk": f"{replay.tenant}#{replay.replay}", "what": what})


def _going(tenant: str) -> Item:
    return item({"pk": f"{tenant}#{_GOING}", "what": _GOING})


def _stands_at(version: int) -> dict[str, Any]:
    """The condition that something is of this *version*."""
    return {
        "ConditionExpression": "#version = :before",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": item({":before": version}),
    }


def _expires(replay: Replay) -> int:
    """Seconds since the epoch, as DynamoDB's time to live has them."""
    return (replay.at + KEPT) // 1000


def _held(replay: Replay) -> Item:
    return _key(replay, _ORDER) | item({"version": replay.version, "body": dumps(asdict(replay)), "expires": _expires(replay)})


def _replay(found: Item) -> Replay:
    held = loads(values(found)["body"])
    return Replay(**held | {"before": tuple(held["before"])})
