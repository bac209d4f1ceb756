"""What libraries log, and modules that have no logger of the function's: every record passes a filter of the process's handlers."""

import logging


class Redacting(logging.Filter):
    """For handlers of other loggers: libraries' records with what recognisers know taken out, and their exceptions by class alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change *record*, and let it pass."""
        from septet.security.recognisers import redacted  # noqa: PLC0415 -- a cold start compiles no pattern before there is a record

        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # its arguments do not fit its text
            message = str(record.msg)
        record.msg, record.args = redacted(message), None
        if record.exc_info and record.exc_info[0]:
            record.msg += f" ({record.exc_info[0].__name__})"
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def watch() -> None:
    """Have every handler that the process has by now redact what it is given."""
    for handler in logging.getLogger().handlers:
        if not any(isinstance(one, Redacting) for one in handler.filters):
            handler.addFilter(Redacting())
