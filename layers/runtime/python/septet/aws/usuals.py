"""What is usual for a workflow, in DynamoDB."""

from typing import Any

from septet.aws.items import Item, dumps, item, loads, values
from septet.aws.trouble import reaching
from septet.core.errors import Fenced
from septet.observability.anomalies import Taken, Usual

_STORE = "the table of summaries"


class DynamoUsuals:
    """Items beside the summaries in the table ``summaries``: sort ``usual/WORKFLOW``, which is no run's id."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching(_STORE)
    def get(self, tenant: str, workflow: str) -> Usual:
        """What is usual."""
        found = self._client.get_item(TableName=self._table, Key=_key(tenant, workflow), ConsistentRead=True)
        if "Item" not in found:
            return Usual()
        held = values(found["Item"])
        taken = (Taken(run=run, ended=ended, cost=cost, steps=steps) for run, ended, cost, steps in loads(held["taken"]))
        return Usual(taken={one.run: one for one in taken}, version=held["version"])

    @reaching(_STORE)
    def put(self, tenant: str, workflow: str, usual: Usual) -> None:
        """Note it, if nobody else has."""
        told = [[one.run, one.ended, one.cost, one.steps] for one in usual.taken.values()]
        given: dict[str, str | int] = {":taken": dumps(told), ":after": usual.version + 1}
        condition = "attribute_not_exists(tenant)"
        if usual.version:
            condition, given = "version = :before", {**given, ":before": usual.version}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=_key(tenant, workflow),
                UpdateExpression="SET taken = :taken, version = :after",
                ConditionExpression=condition,
                ExpressionAttributeValues=item(given),
            )
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise Fenced("somebody else has noted another run") from error


def _key(tenant: str, workflow: str) -> Item:
    return item({"tenant": tenant, "run": f"usual/{workflow}"})
