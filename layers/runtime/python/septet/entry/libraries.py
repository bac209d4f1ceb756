"""What libraries log, and modules that have no logger of the function's: every record passes a filter of the process's handlers.

Lambda's own handler writes it as a line of the function's: JSON that says where it belongs.
"""

import logging
import os

LAMBDA = "LambdaLoggerHandler"
"""How the names begin of the handlers that Lambda's runtime client gives a process, by the kind of its sink."""


class Redacting(logging.Filter):
    """For handlers of other loggers: libraries' records with what recognisers know taken out, and their exceptions by class alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change *record*, and let it pass."""
        from septet.security.recognisers import redacted  # noqa: PLC0415 -- a cold start compiles no pattern before there is a record

        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 -- its arguments do not fit its text, or cannot be said: they are left out
            message = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        record.msg, record.args = redacted(message), None
        if record.exc_info and record.exc_info[0]:
            record.msg += f" ({record.exc_info[0].__name__})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


class Lines(logging.Formatter):
    """For Lambda's handler, which ends no line by itself. Made when there is a first line: a cold start has none of libraries."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        from septet.entry.logs import RedactingFormatter  # noqa: PLC0415 -- as above

        service = os.environ.get("POWERTOOLS_SERVICE_NAME", "")
        return f"{RedactingFormatter(service=service, logger=record.name).format(record)}\n"


def watch() -> None:
    """Have every handler that the process has by now redact what it is given; of one that fails, nothing is printed."""
    logging.raiseExceptions = False
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, Redacting) for one in handler.filters):
            handler.addFilter(Redacting())
        if type(handler).__name__.startswith(LAMBDA):
            handler.setFormatter(Lines())
