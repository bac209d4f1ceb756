"""The list of runs that may have entries no seal has: a sparse index of the runs table, which a run's record enters with its creation.

All of it is one partition, so that tenants can be found in it: it takes about a thousand changes a second, and a run makes two.
"""

from typing import Any

from septet.aws.items import item
from septet.aws.runs import LISTED, listing, read
from septet.aws.trouble import reaching
from septet.core.seals import Listed, folder

INDEX = "unsealed"
_STORE = "the table of runs"
_YES, _PLACE, _MARK = LISTED
_ABOVE = "0"
"""Sorts right after the / that ends a tenant's folder."""
_LAST = "\U0010ffff"
"""Sorts after everything."""


class DynamoUnsealed:
    """Index ``unsealed`` on ``place``, which is ``{tenant}/{run}``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def tenant_after(self, tenant: str) -> str | None:
        """The first tenant above *tenant* that is on the list."""
        found = self._query(f"{tenant}{_ABOVE}" if tenant else "", _LAST, limit=1)
        return found[0].run.tenant if found else None

    def runs(self, tenant: str, *, after: str = "", limit: int) -> list[Listed]:
        """At most *limit* of the tenant's, with ids above *after*, in order."""
        return self._query(f"{folder(tenant)}{after}", f"{tenant}{_ABOVE}", limit=limit)

    @reaching(_STORE)
    def _query(self, above: str, below: str, *, limit: int) -> list[Listed]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": INDEX,
            "KeyConditionExpression": "#yes = :yes AND #place BETWEEN :above AND :below",
            "ExpressionAttributeNames": {"#yes": _YES, "#place": _PLACE},
            "ExpressionAttributeValues": item({":yes": "yes", ":above": f"{above}\x00", ":below": below}),
        }
        found: list[Listed] = []
        while len(found) < limit:
            page = self._client.query(**query, Limit=limit - len(found))
            found += [Listed(run=read(one), mark=one[_MARK]["S"]) for one in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            query["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return found

    @reaching(_STORE)
    def sealed(self, listed: Listed, name: str) -> None:
        """Take the run from the list, if it is there as it was read, and note the seal's *name*."""
        run = listed.run
        names = {"#sealed": "sealed", "#status": "status", "#ended_at": "ended_at"} | {f"#{name}": name for name in LISTED}
        given = {":sealed": name, ":status": run.status, ":ended_at": run.ended_at, ":mark": listed.mark}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=item({"tenant": run.tenant, "run": run.run}),
                UpdateExpression="SET #sealed = :sealed REMOVE " + ", ".join(f"#{word}" for word in LISTED),
                ConditionExpression="#status = :status AND #ended_at = :ended_at AND #mark = :mark",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=item(given),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    @reaching(_STORE)
    def again(self, tenant: str, run: str) -> None:
        """Put a run on the list."""
        listed = listing(tenant, run)
        self._client.update_item(
            TableName=self._table,
            Key=item({"tenant": tenant, "run": run}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in listed),
            ConditionExpression="attribute_exists(tenant)",
            ExpressionAttributeNames={f"#{name}": name for name in listed},
            ExpressionAttributeValues=item({f":{name}": value for name, value in listed.items()}),
        )
