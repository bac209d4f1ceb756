"""Settles what workers that are gone left reserved, and closes the accounts of ended runs. Called by an EventBridge rule."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger

from septet import bootstrap

log = Logger()


def handler(_: Mapping[str, Any], __: object) -> None:
    """Take any event."""
    swept = bootstrap.sweeper().sweep()
    if any(asdict(swept).values()):
        log.info("swept", extra=asdict(swept))
