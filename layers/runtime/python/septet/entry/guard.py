"""What goes for every invocation: where it works, for the lines that it logs, and how it ends in an error.

Lambda logs an error's message, and Step Functions keeps it in an execution's history.
"""

from collections.abc import Callable, Collection
from functools import wraps

from septet.core.errors import SeptetError
from septet.entry.libraries import watch
from septet.entry.place import Where, at, here, of_event

LEFT_OUT = "its message may quote content, so it is left out"
_NOTES = "__notes__"


def guarded[**P, T](handler: Callable[P, T], says: Collection[str] = (), where: Where | None = of_event) -> Callable[P, T]:
    """*handler*, whose errors carry no content, in a process whose logs carry none either.

    A SeptetError keeps its sentence, redacted. Any other error keeps the name of its class and the place it came from: its message is
    left out, unless it is one of the texts that the handler *says* on purpose. Of each the log has a line, and every line of the
    invocation says *where* it works, by its event; without *where* that is what is known already.
    """
    watch()

    @wraps(handler)
    def quiet(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return handler(*arguments, **named)
        except SeptetError as error:
            from septet.security.recognisers import redacted  # noqa: PLC0415 -- a cold start compiles no pattern before there is an error

            _log(error)
            error.args = (redacted(str(error)),)
            error.__dict__.pop(_NOTES, None)
            raise error.with_traceback(error.__traceback__) from None
        except Exception as error:
            if says and str(error) in says:
                raise
            _log(error)
            raise _silent(error) from None

    @wraps(handler)
    def placed(*arguments: P.args, **named: P.kwargs) -> T:
        with at(where(arguments[0] if arguments else None) if where else here):
            return quiet(*arguments, **named)

    return placed if where else quiet


def _log(error: Exception) -> None:
    """A line about how the invocation ends."""
    from septet.entry.logs import logger  # noqa: PLC0415 -- tools load it when one fails
    from septet.integration.tracing import traced  # noqa: PLC0415 -- as above

    log = logger()
    (log.warning if isinstance(error, SeptetError) else log.error)("failed", extra=traced(error))


def _silent(error: Exception) -> Exception:
    """An error of the same class and place as *error*, by which the gateway and a state machine tell it, that says nothing."""
    kind, says = type(error), {"__str__": lambda _: LEFT_OUT}
    found: Exception
    try:
        found = kind.__new__(type(kind.__name__, (kind,), says))  # its constructor may want what nobody knows here
    except Exception:  # noqa: BLE001 -- nor can that class be told anything, or have another below it: the name is what counts
        found = type(kind.__name__, (Exception,), says)()
    found.__dict__.update({name: value for name, value in error.__dict__.items() if name != _NOTES})
    return found.with_traceback(error.__traceback__)
