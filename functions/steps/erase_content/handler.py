"""Erases the content of runs. The API alone may call it, and it alone may change the journal."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import erasing
from septet.entry.guard import guarded
from septet.entry.logs import logger

RESERVE = 5_000
"""Milliseconds kept to answer."""
log = logger()


@guarded
def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Take ``{"tenant", "runs"}``, answer ``{"left"}``: the runs to ask for again. With ``files_of``, also what that person never used."""
    left = erasing.eraser().erase(event["tenant"], event["runs"], lambda: context.get_remaining_time_in_millis() > RESERVE)
    if "files_of" in event:
        erasing.eraser().erase_files(event["tenant"], event["files_of"])
    log.info("erased", extra={"tenant": event["tenant"], "runs": event["runs"], "left": left})
    return {"left": left}
