"""Effects in memory."""

from dataclasses import replace
from threading import Lock
from typing import Any

from septet.security.effects import Effect


class MemoryEffects:
    """A double of the effects table."""

    def __init__(self) -> None:
        self._effects: dict[tuple[str, str, str], Effect] = {}
        self._lock = Lock()

    def intend(self, effect: Effect, *, now: int, again: bool) -> Effect | None:
        """Store the intent, or say what stands in the way."""
        place = effect.tenant, effect.run, effect.key
        with self._lock:
            standing = self._effects.get(place)
            if standing in (None, effect) or (again and standing.status == "intended" and standing.deadline <= now):
                self._effects[place] = effect
                return None
            return standing

    def done(self, effect: Effect, value: Any) -> None:
        """Write the result; the first stands."""
        place = effect.tenant, effect.run, effect.key
        with self._lock:
            if self._effects.get(place, effect).status != "done":
                self._effects[place] = replace(effect, status="done", value=value)

    def release(self, effect: Effect) -> None:
        """Forget this intent; another's, or a done effect, stays."""
        place = effect.tenant, effect.run, effect.key
        with self._lock:
            if self._effects.get(place) == effect:
                del self._effects[place]

    def get(self, tenant: str, run: str, key: str) -> Effect | None:
        """The record."""
        return self._effects.get((tenant, run, key))
