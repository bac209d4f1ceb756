"""Counts what became of the rows of a batch, and writes the results as a file, as far as one call has time."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import batches
from septet.entry.guard import guarded
from septet.entry.logs import logger

RESERVE = 60_000
"""Milliseconds kept for the rows that are being looked up, and for what is written of them."""
log = logger()


@guarded
def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"tenant", "run"}``, answer the counts, or the outcome ``continue`` when there is more to write."""
    batch = batches.batch(event["tenant"], event["run"])
    counted = batches.writing().write(batch, lambda: context.get_remaining_time_in_millis() > RESERVE)
    if counted is None:
        return {"outcome": "continue"}
    log.info("results written", extra={"run": event["run"], "rows": counted.rows, "failed": counted.failed})
    outcome = "failed" if counted.failed > counted.tolerated else "done"
    return {"outcome": outcome, "rows": counted.rows, "failed": counted.failed, "tolerated": counted.tolerated}
