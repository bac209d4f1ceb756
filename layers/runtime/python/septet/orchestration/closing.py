"""The end of a run, by what Step Functions says of its execution: its record and its accounts are closed."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from septet.core.ledger import Ledger, of_run
from septet.core.runs import ENDED, Run, Runs, outcome

MESSAGE_CHARACTERS = 500
"""Of the cause that is kept: the rest is in the journal."""


def close(runs: Runs, ledger: Ledger, detail: Mapping[str, Any]) -> Run | None:
    """Close the record and the accounts of the run that *detail* is of: the detail of an event ``Step Functions Execution Status Change``.

    Returns the run as it has ended, also when it was closed before; None when it is still running, when the execution is none of ours, is
    of an attempt before the present one, or is the child of a map. Accounts in which a call may still be under way are left to the sweeper.
    Source of the form: the EventBridge events of AWS Step Functions.
    """
    status = ENDED.get(str(detail.get("status")))
    run = _run(runs, detail)
    if status is None or run is None or run.name != detail["name"]:
        return None
    account = ledger.account(run.tenant, of_run(run.run))
    said = str(detail.get("error") or ""), cause(str(detail.get("cause") or ""))
    status, error, message = outcome(status, *said, stopped=account.stopped if account else "")
    at = _milliseconds(detail.get("stopDate") or 0)
    runs.close(run.tenant, run.run, status=status, ended_at=at, error=error, message=message, attempt=run.attempt)
    ledger.close(run.tenant, run.run, attempt=run.attempt)
    return runs.get(run.tenant, run.run)


def _run(runs: Runs, detail: Mapping[str, Any]) -> Run | None:
    """The run that the execution's input names: its own name says which attempt it is."""
    try:
        given = json.loads(detail.get("input") or "{}")
        tenant, run = given.get("tenant"), given.get("run")
    except (ValueError, AttributeError):
        return None
    return runs.get(tenant, run) if isinstance(tenant, str) and tenant and isinstance(run, str) and run else None


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
