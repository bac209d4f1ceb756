"""Goes on with stops until nothing that they cover runs: at once with one just ordered, each minute with all that have not finished."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import endings, stores
from septet.entry.guard import guarded
from septet.entry.logs import logger

RESERVE = 10_000
"""Milliseconds kept for the look that is under way."""
log = logger()


@guarded
def handler(event: Mapping[str, Any], context: Any) -> None:
    """Take ``{"tenant", "stop"}`` for one stop, or any other event for all."""
    records = stores.stop_records()
    one = records.get(event["tenant"], event["stop"]) if "stop" in event else None
    orders = [one] if one else list(records.unfinished())
    if orders:
        left = endings.reconciler().reconcile(orders, lambda: context.get_remaining_time_in_millis() > RESERVE)
        log.info("reconciled", extra={"stops": len(orders), "left": left})
