"""Tells executions of decisions that the API could not tell them, and operators of questions that escalate. Called every minute."""

from collections.abc import Mapping
from typing import Any

from septet import bootstrap
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.security.delivery import overdue, redeliver

log = logger()


@guarded
def handler(_: Mapping[str, Any], __: object) -> None:
    """Take any event."""
    approvals = bootstrap.approvals()
    try:
        if told := redeliver(approvals, bootstrap.executions(), bootstrap.now):
            log.info("delivered", extra={"decisions": told})
    finally:
        for question in overdue(approvals, bootstrap.now()):
            log.warning("escalated", extra={"tenant": question.tenant, "approval": question.approval, "roles": question.escalate_to})
