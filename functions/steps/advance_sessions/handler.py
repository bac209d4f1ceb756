"""Lets sessions go on: at once the one whose run has just ended, every minute all whose time has come."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import sessions
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.integration.advancing import advance
from septet.integration.due import advance_due

RESERVE = 10_000
"""Milliseconds kept for the session that is under way."""
log = logger()


@guarded
def handler(event: Mapping[str, Any], context: Any) -> None:
    """Take ``{"tenant", "session"}`` for one session, or any other event for those that are due."""
    if "session" in event:
        advance(event["tenant"], event["session"], sessions.stage())
        return
    done, failed = advance_due(sessions.stage(), lambda: context.get_remaining_time_in_millis() > RESERVE)
    if done or failed:
        log.info("sessions went on", extra={"sessions": done, "failed": failed})
