"""Closes the record and the accounts of a run whose execution has ended; called by an EventBridge rule."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from septet import bootstrap
from septet.orchestration.closing import close

log = Logger()


def handler(event: Mapping[str, Any], _: object) -> None:
    """Take an event ``Step Functions Execution Status Change``."""
    closed = close(bootstrap.runs(), bootstrap.ledger(), event["detail"])
    log.info("execution ended", extra={"run": event["detail"].get("name"), "status": event["detail"].get("status"), "closed": closed})
