"""Seals what every tenant's journal has come to, once an hour; an EventBridge rule calls it more often, to go on where it stopped."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from septet.bootstrap import sealing
from septet.entry.guard import guarded
from septet.entry.logs import logger

RESERVE = 30_000
"""Milliseconds kept for the seal that is being made."""
log = logger()


@guarded
def handler(_: Mapping[str, Any], context: Any) -> None:
    """Take any event."""
    done = sealing.sealer().seal(lambda: context.get_remaining_time_in_millis() > RESERVE)
    if any(asdict(done).values()):
        log.info("sealed", extra=asdict(done))
