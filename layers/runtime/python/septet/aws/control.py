"""The table ``control``: what runs at the moment, how much of it each tenant, and what is stopped.

Partition ``tenant``, sort ``item``: ``run#ID`` for each open run, ``stop#SCOPE/NAME`` for each standing stop. The partition ``*`` has
everybody's stops, and ``load#TENANT`` with the number of a tenant's open runs.
"""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from septet.aws.items import Item, attribute, item, values
from septet.aws.trouble import reaching, refused
from septet.core.running import Open
from septet.core.stops import EVERYBODY, Scope, Standing

_RUN, _LOAD, _STOP = "run#", "load#", "stop#"
_STORE = "the table of what runs"


class Control:
    """The table, as the ledger and the stops use it. What botocore raises passes as it is."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def opening(self, run: Open, allowed: int) -> list[dict[str, Any]]:
        """The writes that list *run* and count it, unless its tenant has *allowed* already (0: any number), for a transaction."""
        row = item({"workflow": run.workflow, "parent": run.parent, "since": run.since, "attempt": run.attempt})
        put = {"TableName": self._table, "Item": _key(run.tenant, _RUN + run.run) | row}
        count = self._count(run.tenant, 1)
        if allowed:
            count["ConditionExpression"] = "attribute_not_exists(#load) OR #load < :allowed"
            count["ExpressionAttributeValues"][":allowed"] = attribute(allowed)
        return [{"Put": put}, {"Update": count}]

    def closing(self, tenant: str, run: str) -> list[dict[str, Any]]:
        """The writes that take a run off the list, for a transaction with whatever decides that this happens once."""
        return [{"Delete": {"TableName": self._table, "Key": _key(tenant, _RUN + run)}}, {"Update": self._count(tenant, -1)}]

    def _count(self, tenant: str, by: int) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": _key(EVERYBODY, _LOAD + tenant),
            "UpdateExpression": "ADD #load :by",
            "ExpressionAttributeNames": {"#load": "load"},
            "ExpressionAttributeValues": {":by": attribute(by)},
        }

    def running(self, tenant: str) -> Iterator[Open]:
        """The tenant's open runs."""
        for found in self.items(tenant, _RUN):
            yield Open(tenant=tenant, run=found.pop("item").removeprefix(_RUN), **{name: found[name] for name in found if name != "tenant"})

    def loads(self) -> Iterator[tuple[str, int]]:
        """Each tenant that ever opened a run, and how many it has open."""
        for found in self.items(EVERYBODY, _LOAD):
            yield found["item"].removeprefix(_LOAD), found["load"]

    def items(self, partition: str, beginning: str) -> Iterator[dict[str, Any]]:
        """What a partition holds under names with this *beginning*, read consistently, in order."""
        start: dict[str, Any] = {}
        while True:
            page = self._client.query(
                TableName=self._table,
                KeyConditionExpression="tenant = :tenant AND begins_with(#item, :beginning)",
                ExpressionAttributeNames={"#item": "item"},
                ExpressionAttributeValues=item({":tenant": partition, ":beginning": beginning}),
                ConsistentRead=True,
                **start,
            )
            yield from map(values, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


class DynamoStops:
    """The standing stops in the table ``control``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table
        self._control = Control(client, table)

    @reaching(_STORE)
    def put(self, tenant: str, standing: Standing) -> Standing:
        """Store it unless there is one."""
        key = _key(tenant, f"{_STOP}{standing.scope}/{standing.name}")
        held = item({"by": standing.by, "reason": standing.reason, "at": standing.at})
        try:
            self._client.put_item(
                TableName=self._table,
                Item=key | held,
                ConditionExpression="attribute_not_exists(tenant)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not refused(error):
                raise
            response: Any = error.response
            return _standing(values(response["Item"]))
        return standing

    @reaching(_STORE)
    def lift(self, tenant: str, scope: Scope, name: str = "", *, at: int | None = None) -> bool:
        """Take it away."""
        only: dict[str, Any] = {}
        if at is not None:
            only = {
                "ConditionExpression": "#at = :at",
                "ExpressionAttributeNames": {"#at": "at"},
                "ExpressionAttributeValues": item({":at": at}),
            }
        try:
            key = _key(tenant, f"{_STOP}{scope}/{name}")
            gone = self._client.delete_item(TableName=self._table, Key=key, ReturnValues="ALL_OLD", **only)
        except ClientError as error:
            if not refused(error):
                raise
            return False
        return bool(gone.get("Attributes"))  # AWS leaves it out, the emulator gives an empty one

    @reaching(_STORE)
    def of(self, tenant: str) -> tuple[Standing, ...]:
        """The tenant's and everybody's."""
        return tuple(_standing(found) for partition in (EVERYBODY, tenant) for found in self._control.items(partition, _STOP))


def _key(partition: str, name: str) -> Item:
    return item({"tenant": partition, "item": name})


def _standing(found: dict[str, Any]) -> Standing:
    scope, _, name = found["item"].removeprefix(_STOP).partition("/")
    return Standing(scope=scope, name=name, by=found["by"], reason=found["reason"], at=found["at"])
