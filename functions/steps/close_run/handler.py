"""Closes the record and the accounts of a run whose execution has ended, and tells who waits for it; called by an EventBridge rule."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import accounts, endings, stores
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.orchestration.closing import close
from septet.orchestration.following import follow

log = logger()


@guarded
def handler(event: Mapping[str, Any], _: object) -> None:
    """Take an event ``Step Functions Execution Status Change``. One that comes again does again what follows."""
    ended = close(stores.runs(), accounts.ledger(), event["detail"])
    log.info("execution ended", extra={"execution": event["detail"].get("name"), "run": ended.run if ended else ""})
    if ended:
        follow(ended, endings.followers())
