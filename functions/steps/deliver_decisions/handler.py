"""Empties the outbox of decisions: tells executions that the API could not tell. Called every minute by an EventBridge rule."""

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger

from septet import bootstrap
from septet.security.approvals import redeliver

log = Logger()


def handler(_: Mapping[str, Any], __: object) -> None:
    """Take any event."""
    told = redeliver(bootstrap.approvals(), bootstrap.executions(), now=bootstrap.now())
    if told:
        log.info("delivered", extra={"decisions": told})
