"""The end of a run, by what Step Functions says of its execution: its record and its accounts are closed."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from septet.core.ledger import Ledger
from septet.core.runs import ENDED, Runs

MESSAGE_CHARACTERS = 500
"""Of the cause that is kept: the rest is in the journal."""


def close(runs: Runs, ledger: Ledger, detail: Mapping[str, Any]) -> bool:
    """Close the record and the accounts of the run that *detail* is of: the detail of an event ``Step Functions Execution Status Change``.

    True when this closed the record; False when it was closed before, is still running, or is no run of ours. Accounts in which a call may
    still be under way are left to the sweeper. Source of the form: the EventBridge events of AWS Step Functions.
    """
    status = ENDED.get(str(detail.get("status")))
    try:
        tenant = json.loads(detail.get("input") or "{}").get("tenant")
    except (ValueError, AttributeError):
        return False
    if status is None or not isinstance(tenant, str):
        return False
    run = str(detail["name"])
    closed = runs.close(
        tenant,
        run,
        status=status,
        ended_at=_milliseconds(detail.get("stopDate") or 0),
        error=str(detail.get("error") or ""),
        message=cause(str(detail.get("cause") or "")),
    )
    ledger.close(tenant, run)
    return closed


def _milliseconds(at: str | int) -> int:
    """A time in an event: AWS gives milliseconds since the epoch, the twin's emulator a text of ISO 8601."""
    return at if isinstance(at, int) else int(datetime.fromisoformat(at).timestamp() * 1000)


def cause(text: str) -> str:
    """The sentence in a cause: a Lambda function's is a JSON document with a message and a stack trace in it."""
    try:
        message = json.loads(text)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        message = text
    return str(message)[:MESSAGE_CHARACTERS]
