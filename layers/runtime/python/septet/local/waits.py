"""Task tokens in memory."""

from threading import Lock

from septet.core.waits import Wait


class MemoryWaits:
    """A double of the table of task tokens."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[str, str, str], str] = {}
        self._lock = Lock()

    def put(self, tenant: str, run: str, what: str, token: str) -> None:
        """Note who waits."""
        with self._lock:
            self._tokens[tenant, run, what] = token

    def of(self, tenant: str, run: str) -> tuple[Wait, ...]:
        """All that the run waits for."""
        with self._lock:
            found = sorted((what, token) for (owner, whose, what), token in self._tokens.items() if (owner, whose) == (tenant, run))
        return tuple(Wait(what=what, token=token) for what, token in found)

    def find(self, tenant: str, run: str, what: str) -> str | None:
        """The token."""
        return self._tokens.get((tenant, run, what))

    def drop(self, tenant: str, run: str, what: str, token: str | None = None) -> None:
        """Forget it."""
        with self._lock:
            if token in (None, self._tokens.get((tenant, run, what))):
                self._tokens.pop((tenant, run, what), None)
