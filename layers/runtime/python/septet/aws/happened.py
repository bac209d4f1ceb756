"""A view of the effects table in DynamoDB, without results."""

from typing import Any

from septet.aws.effects import RELEASED
from septet.aws.items import item, values
from septet.aws.trouble import reaching
from septet.core.happened import Happened


class DynamoEffected:
    """Reads the table ``effects``: partition ``{tenant}#{run}``, sort ``effect``."""

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @reaching("the effects table")
    def of(self, tenant: str, run: str) -> tuple[Happened, ...]:
        """Every effect of the run."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues=item({":pk": f"{tenant}#{run}"}),
            ProjectionExpression="effect, tool, #status, deadline",
            ConsistentRead=True,
        )
        found = (values(held) for page in pages for held in page["Items"])
        return tuple(
            Happened(tool=held["tool"], key=held["effect"], happened=held["status"] != "intended", deadline=held["deadline"])
            for held in found
            if held["status"] != RELEASED
        )
