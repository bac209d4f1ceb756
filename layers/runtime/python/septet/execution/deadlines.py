"""A bound on the whole of a call, whatever it waits for."""

from collections.abc import Callable
from threading import Event, Thread

from septet.core.errors import ModelUnavailable


def within[T](seconds: float, call: Callable[[], T]) -> T:
    """What *call* returns, or raises, within *seconds*; then ModelUnavailable, which may have been billed.

    The call has a thread of its own, which is left behind when the time is up: no timeout of a socket bounds a name that does not resolve,
    or an answer that comes byte by byte. What is left behind reads nothing but its own bounded answer.
    """
    ended = Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 -- raised again below, in the caller's thread
            errors.append(error)
        ended.set()

    Thread(target=work, daemon=True).start()
    if not ended.wait(seconds):
        raise ModelUnavailable(f"there was no whole reply within {seconds} seconds")
    if errors:
        raise errors[0]
    return results[0]
