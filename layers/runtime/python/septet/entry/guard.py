"""How a function ends in an error: Lambda logs its message, and Step Functions keeps it in an execution's history."""

from collections.abc import Callable, Collection
from functools import wraps

from septet.core.errors import SeptetError
from septet.entry.libraries import watch

LEFT_OUT = "its message may quote content, so it is left out"


def guarded[**P, T](handler: Callable[P, T], says: Collection[str] = ()) -> Callable[P, T]:
    """*handler*, whose errors carry no content, in a process whose logs carry none either.

    A SeptetError keeps its sentence, redacted. Any other error keeps the name of its class and the place it came from: its message is
    left out, unless it is one of the texts that the handler *says* on purpose.
    """
    watch()

    @wraps(handler)
    def quiet(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return handler(*arguments, **named)
        except SeptetError as error:
            from septet.security.recognisers import redacted  # noqa: PLC0415 -- a cold start compiles no pattern before there is an error

            error.args = (redacted(str(error)),)
            raise error.with_traceback(error.__traceback__) from None
        except Exception as error:
            if str(error) in says:
                raise
            raise _silent(error) from None

    return quiet


def _silent(error: Exception) -> Exception:
    """An error of the same class and place as *error*, by which the gateway and a state machine tell it, that says nothing."""
    kind = type(error)
    silent = type(kind.__name__, (kind,), {"__str__": lambda _: LEFT_OUT})
    found: Exception = kind.__new__(silent)  # its constructor may want what nobody knows here
    found.__dict__.update(error.__dict__)
    return found.with_traceback(error.__traceback__)
