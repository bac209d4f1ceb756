"""Histories of executions, as Step Functions keeps them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from septet.aws.trouble import reaching
from septet.core.errors import StoreUnavailable
from septet.observability.platform_costs import Happened

PAGES = 25
"""Of a thousand events: Step Functions ends an execution with more (its quotas)."""

_NONE = frozenset({"ExecutionDoesNotExist", "AccessDeniedException", "InvalidArn"})
"""What is answered of an execution that is forgotten, and where asking again would not help."""


class StepFunctionsHistories:
    """What happened in executions; *prefix* begins the names of the platform's functions."""

    def __init__(self, client: Any, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def of(self, execution: str) -> Sequence[Happened]:
        """The events, oldest first; nothing where there are none, or none for this caller. Raises StoreUnavailable."""
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=execution, PaginationConfig={"MaxItems": PAGES * 1000, "PageSize": 1000}
        )
        try:
            with reaching("the histories of executions"):
                return [self._happened(event) for page in pages for event in page["events"]]
        except StoreUnavailable as error:
            if isinstance(error.__cause__, ClientError) and error.__cause__.response["Error"]["Code"] in _NONE:
                return ()
            raise

    def _happened(self, event: Mapping[str, Any]) -> Happened:
        told = event.get("taskScheduledEventDetails", {})
        return Happened(
            number=event["id"],
            before=event.get("previousEventId", 0),
            kind=event["type"],
            at=int(event["timestamp"].timestamp() * 1000),
            function=self._function(told.get("parameters", "")) if told.get("resourceType") == "lambda" else "",
            waits=told.get("resource", "").endswith(".waitForTaskToken"),
        )

    def _function(self, parameters: str) -> str:
        """The function that a task's *parameters* name, by its ARN or its name, without prefix and alias."""
        try:
            named = str(json.loads(parameters)["FunctionName"])
        except (ValueError, KeyError, TypeError):
            return ""
        name = named.partition(":function:")[2] or named
        return name.partition(":")[0].removeprefix(self._prefix)
