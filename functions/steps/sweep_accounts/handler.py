"""Settles what workers that are gone left reserved, and closes the accounts of ended runs. Called by an EventBridge rule."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from septet.bootstrap import endings
from septet.entry.guard import guarded
from septet.entry.logs import logger

log = logger()


@guarded
def handler(_: Mapping[str, Any], __: object) -> None:
    """Take any event."""
    swept = endings.sweeper().sweep()
    if any(asdict(swept).values()):
        log.info("swept", extra=asdict(swept))
