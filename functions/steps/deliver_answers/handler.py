"""Tells executions of answers, and of cancellations, that the API could not tell them. Called every minute."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import callees, settings, stores
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.integration.delivering import redeliver

log = logger()


@guarded
def handler(_: Mapping[str, Any], __: object) -> None:
    """Take any event."""
    if told := redeliver(stores.inquiries(), stores.waits(), callees.executions(), settings.now):
        log.info("delivered", extra={"answers": told})
