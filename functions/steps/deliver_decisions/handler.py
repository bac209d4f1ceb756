"""Tells executions of decisions that the API could not tell them, and operators of questions that escalate. Called every minute."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from septet import bootstrap
from septet.security.delivery import overdue, redeliver

log = Logger()


def handler(_: Mapping[str, Any], __: object) -> None:
    """Take any event."""
    approvals = bootstrap.approvals()
    try:
        if told := redeliver(approvals, bootstrap.executions(), bootstrap.now):
            log.info("delivered", extra={"decisions": told})
    finally:
        for question in overdue(approvals, bootstrap.now()):
            log.warning("escalated", extra={"tenant": question.tenant, "approval": question.approval, "roles": question.escalate_to})
