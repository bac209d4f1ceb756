"""Closes the record and the accounts of a run whose execution has ended; called by an EventBridge rule."""

from collections.abc import Mapping
from typing import Any

from septet import bootstrap
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.orchestration.closing import close

log = logger()


@guarded
def handler(event: Mapping[str, Any], _: object) -> None:
    """Take an event ``Step Functions Execution Status Change``."""
    closed = close(bootstrap.runs(), bootstrap.ledger(), event["detail"])
    log.info("execution ended", extra={"run": event["detail"].get("name"), "status": event["detail"].get("status"), "closed": closed})
