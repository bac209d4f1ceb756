"""Tells executions of decisions that the API could not tell them, and operators of questions that escalate. Called every minute."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import callees, settings, stores
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.security.delivery import overdue, redeliver

log = logger()


@guarded
def handler(_: Mapping[str, Any], __: object) -> None:
    """Take any event."""
    approvals = stores.approvals()
    try:
        if told := redeliver(approvals, callees.executions(), settings.now):
            log.info("delivered", extra={"decisions": told})
    finally:
        for question in overdue(approvals, stores.runs(), settings.now()):
            log.warning(
                "escalated",
                extra={"tenant": question.tenant, "run": question.run, "approval": question.approval, "roles": question.escalate_to},
            )
