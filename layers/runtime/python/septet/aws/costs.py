"""What runs have cost, in DynamoDB."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.costs import Line, Spent, kept

_STORE = "the table of costs"
_LAST = "\U0010ffff"
"""Sorts after everything."""


class DynamoCosts:
    """The table ``costs``: partition ``tenant``, sort ``place`` = day#run#path."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def put(self, spent: Spent, *, again: bool = False) -> None:
        """Note it, in place of what stands and is no later."""
        if again:
            try:
                self._put(spent, "attribute_not_exists(tenant)", {}, {})
            except self._client.exceptions.ConditionalCheckFailedException as error:
                spent = kept(spent, _read(error.response["Item"]))
            else:
                return
        # What was written before gaps were counted says nothing of them: what has some does not replace it.
        no_later = "#through < :through OR (#through = :through AND #gaps >= :gaps)" if spent.gaps else "#through <= :through"
        names = {"#through": "through"} | ({"#gaps": "gaps"} if spent.gaps else {})
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            given = item({":through": spent.through, ":gaps": spent.gaps or None})
            self._put(spent, f"attribute_not_exists(#through) OR {no_later}", names, given)

    def _put(self, spent: Spent, condition: str, names: dict[str, str], given: Item) -> None:
        held = {
            "tenant": spent.tenant,
            "place": f"{spent.day}#{spent.run}#{spent.path}",
            "workflow": spent.workflow,
            "lines": dumps([asdict(line) for line in spent.lines]),
            "through": spent.through,
            "gaps": spent.gaps,
        }
        self._client.put_item(
            TableName=self._table,
            Item=item(held),
            ConditionExpression=condition,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **({"ExpressionAttributeNames": names, "ExpressionAttributeValues": given} if names else {}),
        )

    @reaching(_STORE)
    def page(self, tenant: str, *, since: str, until: str, after: str = "", limit: int) -> tuple[Sequence[Spent], str]:
        """Some of them, by day, and where to go on."""
        start: Item = item({"tenant": tenant, "place": after}) if after else {}
        found = self._client.query(
            TableName=self._table,
            KeyConditionExpression="tenant = :tenant AND place BETWEEN :since AND :until",
            ExpressionAttributeValues=item({":tenant": tenant, ":since": since, ":until": f"{until}{_LAST}"}),
            Limit=limit,
            **({"ExclusiveStartKey": start} if start else {}),
        )
        following = values(found.get("LastEvaluatedKey", {})).get("place", "")
        return [_read(one) for one in found["Items"]], following


def _read(found: Item) -> Spent:
    held = values(found)
    day, run, path = held["place"].split("#")
    lines = tuple(Line(**line) for line in loads(held["lines"]))
    known = {"through": held["through"], "gaps": held.get("gaps", 0)}
    return Spent(tenant=held["tenant"], run=run, path=path, day=day, workflow=held["workflow"], lines=lines, **known)
