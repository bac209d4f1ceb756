"""What is known of agents when one of several is chosen, in DynamoDB. Nothing in it is needed: what is lost is learnt again."""

from collections.abc import Collection, Mapping
from typing import Any

from botocore.exceptions import ClientError

from septet.aws.items import Item, item, values
from septet.aws.trouble import CONDITION, reaching
from septet.core.choices import HALF_LIFE, Past, Tally
from septet.core.errors import StoreUnavailable

_STORE = "the table of choices"
_WHOLE = 1_000
"""What one run counts as in a stored number, which has no fractions."""
_KEPT = 10 * HALF_LIFE
"""Milliseconds after which what is remembered counts for nothing."""
_MARK_KEPT = 400 * 24 * 3_600_000
"""The same for the note that a run has a choice to learn from: longer than an execution can last."""
_MARK = "awaited"
_LOADS = "*#load"
"""The partition of loads, which belong to no tenant."""
_MINUTE = 60_000
_ATTEMPTS = 6
"""Of a write that meets others."""


class DynamoChoices:
    """The table ``choices``: partition ``pk`` = tenant#skill with an item for each ``agent``, and tenant#run with the run's mark."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def pasts(self, tenant: str, of: str) -> Mapping[str, Past]:
        """How agents did, by agent."""
        return {agent: past for agent, (past, _) in self._read(tenant, of).items()}

    @reaching(_STORE)
    def awaiting(self, tenant: str, run: str, *, now: int) -> None:
        """Note that the run has a choice to learn from; one that was learnt from stays so."""
        self._client.update_item(
            TableName=self._table,
            Key=_key(tenant, run, _MARK),
            UpdateExpression="SET expires = :expires",
            ExpressionAttributeValues=item({":expires": (now + _MARK_KEPT) // 1000}),
        )

    @reaching(_STORE)
    def unlearnt(self, tenant: str, run: str) -> bool:
        """Whether there is such a note and nobody has learnt from the run."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, run, _MARK), ConsistentRead=True)
        return "Item" in found and "learnt" not in found["Item"]

    @reaching(_STORE)
    def learn(self, tenant: str, run: str, tallies: Mapping[tuple[str, str], Tally], *, now: int) -> bool:
        """Add the tallies in one transaction with the run's mark; False when somebody else has."""
        for _ in range(_ATTEMPTS):
            known = {of: self._read(tenant, of) for of in {of for _, of in tallies}}
            adds = [
                self._add(_key(tenant, of, agent), *known[of].get(agent, (Past(), 0)), tally, now) for (agent, of), tally in tallies.items()
            ]
            try:
                self._client.transact_write_items(TransactItems=[{"Update": self._marked(tenant, run, now)}, *adds])
            except ClientError as error:
                reasons = error.response.get("CancellationReasons") or [{}]
                if reasons[0].get("Code") == CONDITION:
                    return False
                if error.response.get("Error", {}).get("Code") != "TransactionCanceledException":
                    raise
            else:
                return True
        raise StoreUnavailable(f"{_STORE} was written by others {_ATTEMPTS} times in a row")

    def _read(self, tenant: str, of: str) -> dict[str, tuple[Past, int]]:
        """By agent, what is remembered and how often it was written."""
        found = self._client.query(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=item({":pk": f"{tenant}#{of}"}),
            ConsistentRead=True,
        )
        read = [values(held) for held in found["Items"]]
        return {
            one["agent"]: (Past(good=one["good"] / _WHOLE, bad=one["bad"] / _WHOLE, at=one["at"]), one["version"])
            for one in read
            if "version" in one
        }

    def _marked(self, tenant: str, run: str, now: int) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": _key(tenant, run, _MARK),
            "UpdateExpression": "SET learnt = :now",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(learnt)",
            "ExpressionAttributeValues": item({":now": now}),
        }

    def _add(self, key: Item, before: Past, version: int, tally: Tally, now: int) -> dict[str, Any]:
        """One more, if nobody has written the item since its *version* was read; 0 for one that is not there."""
        past = before.also(tally, now)
        held = {":good": round(past.good * _WHOLE), ":bad": round(past.bad * _WHOLE), ":at": past.at}
        return {
            "Update": {
                "TableName": self._table,
                "Key": key,
                "UpdateExpression": "SET good = :good, bad = :bad, #at = :at, #version = :next, expires = :expires",
                "ConditionExpression": "#version = :seen" if version else "attribute_not_exists(pk)",
                "ExpressionAttributeNames": {"#at": "at", "#version": "version"},
                "ExpressionAttributeValues": item(
                    {**held, ":next": version + 1, ":expires": (now + _KEPT) // 1000} | ({":seen": version} if version else {})
                ),
            }
        }


class DynamoLoads:
    """One item for each agent, in a partition of its own of the same table: choices of its last ``minute``, and of the one ``before``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def of(self, agents: Collection[str], *, now: int) -> Mapping[str, int]:
        """Choices in this minute and the one before."""
        return {agent: self._counts(agent, now // _MINUTE)[0] for agent in agents}

    @reaching(_STORE)
    def chosen(self, agent: str, *, now: int) -> None:
        """Count one; of several that begin a minute at once, one begins it and the others count."""
        minute = now // _MINUTE
        for _ in range(_ATTEMPTS):
            if self._write(agent, "ADD choices :one", {":one": 1, ":minute": minute}, "#minute = :minute"):
                return
            _, before = self._counts(agent, minute)
            changes = {":minute": minute, ":one": 1, ":before": before, ":expires": (now + 10 * _MINUTE) // 1000}
            begin = "SET #minute = :minute, choices = :one, earlier = :before, expires = :expires"
            if self._write(agent, begin, changes, "attribute_not_exists(#minute) OR #minute < :minute"):
                return
        raise StoreUnavailable(f"{_STORE} was written by others {_ATTEMPTS} times in a row")

    def _counts(self, agent: str, minute: int) -> tuple[int, int]:
        """Choices in *minute* and the one before; and those in the one before alone, if *minute* has not begun."""
        found = self._client.get_item(TableName=self._table, Key=item({"pk": _LOADS, "agent": agent}), ConsistentRead=True)
        held = values(found.get("Item", {}))
        age = minute - held.get("minute", minute - 9)
        if age == 0:
            return held["choices"] + held["earlier"], held["earlier"]
        return (held["choices"], held["choices"]) if age == 1 else (0, 0)

    def _write(self, agent: str, expression: str, changes: dict[str, int], condition: str) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=item({"pk": _LOADS, "agent": agent}),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#minute": "minute"},
                ExpressionAttributeValues=item(changes),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _key(tenant: str, of: str, agent: str) -> Item:
    return item({"pk": f"{tenant}#{of}", "agent": agent})
