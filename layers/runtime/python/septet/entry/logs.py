"""What functions write into their logs: JSON lines without a value that the recognisers know, whoever wrote the line."""

import json
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

PLATFORM = frozenset({"level", "location", "timestamp", "service", "xray_trace_id"})
"""Keys that the formatter itself fills."""


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON lines; message, extra keys and values, exception and stack trace are redacted, whatever their types."""

    def serialize(self, log: Any) -> str:
        """The line."""
        from septet.security.recognisers import redacted  # noqa: PLC0415 -- a cold start compiles no pattern before there is a line

        line = json.loads(super().serialize(log))
        return json.dumps({redacted(key): value if key in PLATFORM else _without(value, redacted) for key, value in line.items()})


def logger() -> Logger:
    """The function's logger."""
    return Logger(logger_formatter=RedactingFormatter())


def _without(value: Any, redacted: Callable[[str], str]) -> Any:
    """*value*, which is JSON, with every text in it redacted; a number that is recognised becomes a text."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {redacted(key): _without(item, redacted) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, redacted) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool) and (said := redacted(str(value))) != str(value):
        return said
    return value
