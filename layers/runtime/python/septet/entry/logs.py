"""What functions write into their logs: JSON lines that say where they belong, without a value that the recognisers know.

Whoever wrote the line: its message, extra keys and values, exception and stack trace are redacted, whatever their types. A tenant is told
by a hash: its name is in no line.
"""

import hashlib
import json
import logging
import os
from functools import lru_cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from septet.entry.place import here

PLATFORM = frozenset({"level", "location", "timestamp", "xray_trace_id", "tenant", "trace"})
"""Keys that are filled here, by the platform alone."""
NAMES = frozenset({"service", "branch", "turn", "outcome", "agent", "operation"})
"""Keys of words that come again in the lines of a function: each is looked at once, as keys are."""
_NAME = 48
"""Characters of the longest that is kept."""
UNWRITTEN = "a line that cannot be written"
_HEX = frozenset("0123456789abcdef")
_RUN = frozenset("0123456789abcdefghjkmnpqrstvwxyz")
"""What ``septet.integration.run_ids`` makes ids of."""
_RUN_LENGTH = len("run-") + 26
_BUNDLE = 16
"""Hexadecimal digits, as the synth names bundles."""
_TRACE = (8, 24)
"""Hexadecimal digits of an X-Ray trace's moment, and of what is random of it."""
_TENANT = 16
"""Hexadecimal digits."""


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Powertools' JSON lines, redacted, with ``tenant``, ``run``, ``branch`` and ``trace`` where they are known."""

    def __init__(self, **named: Any) -> None:
        super().__init__(json_deserializer=str, **named)  # a message is a text, even one that looks like JSON

    def format(self, record: logging.LogRecord) -> str:
        """The line; a fixed one where *record* cannot be written. Never raises: ``logging`` would print the record as it is."""
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001 -- whoever logged gave anything
            where, when = f"{record.funcName}:{record.lineno}", self.formatTime(record)
            known = {"level": record.levelname, "location": where, "timestamp": when}
            return self.serialize({**known, "message": UNWRITTEN, "error": type(error).__name__})

    def serialize(self, log: Any) -> str:
        """The line."""
        line = {}
        for key, value in _placed(log).items():
            if key in PLATFORM or (key in _MADE and isinstance(value, str) and _MADE[key](value)):
                line[key] = value
            else:
                line[_cleaned(str(key), again=True)] = _cleaned(_plain(value), again=key in NAMES)
        return json.dumps(line)


def logger() -> Logger:
    """The function's logger."""
    return Logger(logger_formatter=RedactingFormatter())


def pseudonym(tenant: str) -> str:
    """What logs call *tenant*: the same in every line of an environment, and another in any other environment."""
    return hashlib.sha256(f"{os.environ.get('SEPTET_ENVIRONMENT', '')}\0{tenant}".encode()).hexdigest()[:_TENANT]


def _placed(log: dict[str, Any]) -> dict[str, Any]:
    """*log* with where it belongs: what it says itself, or else where the invocation works."""
    told = {**log, **({} if log.get("run", here.get("run")) != here.get("run") else {k: v for k, v in here.items() if k not in log})}
    if tenant := told.pop("tenant", ""):
        told["tenant"] = pseudonym(str(tenant))
    if trace := _trace(str(told.pop("trace", "") or told.get("xray_trace_id", ""))):
        told["trace"] = trace
    return told


def _trace(header: str) -> str:
    """A trace's id as collectors have it, of X-Ray's id or header; empty for none."""
    _, *parts = header.partition(";")[0].removeprefix("Root=").split("-")
    return "".join(parts) if tuple(map(len, parts)) == _TRACE and all(_HEX.issuperset(part) for part in parts) else ""


def _run(value: str) -> bool:
    """Whether *value* has an id's exact form."""
    return len(value) == _RUN_LENGTH and value.startswith("run-") and _RUN.issuperset(value[4:])


def _bundle(value: str) -> bool:
    """Whether *value* has a bundle's exact form, and no card's: those of digits alone are looked at."""
    return len(value) == _BUNDLE and _HEX.issuperset(value) and not value.isdecimal()


_MADE = {"run": _run, "bundle": _bundle}
"""Keys of ids: what has an id's exact form is not looked at, for by chance it may look like anything."""


def _cleaned(value: Any, *, again: bool) -> Any:
    """*value* without what is recognised; kept when it comes *again*."""
    from septet.security.recognisers import cleaned  # noqa: PLC0415 -- a cold start compiles no pattern before there is a line

    return _kept(value) if again and isinstance(value, str) and len(value) <= _NAME else cleaned(value)


@lru_cache(maxsize=64)
def _kept(value: str) -> Any:
    return _cleaned(value, again=False)


def _plain(value: Any) -> Any:
    """*value* as JSON types."""
    return value if value is None or isinstance(value, str | int | float) else json.loads(json.dumps(value, default=str))
