"""Effects in memory."""

from collections.abc import Callable
from copy import replace
from threading import Lock
from typing import Any

from septet.core.happened import Happened
from septet.core.journal import Branch
from septet.core.ledger import Ledger, of_branch
from septet.security.effects import Effect, check_account


class MemoryEffects:
    """A double of the effects table, beside the accounts that may be stopped."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._effects: dict[tuple[str, str, str], Effect] = {}
        self._lock = Lock()

    def intend(self, branch: Branch, effect: Effect, *, over: Effect | None = None, agent: str = "") -> Effect | None:
        """Store the intent, or say what stands in the way."""
        place = effect.tenant, effect.run, effect.key
        with self._lock:
            standing = self._effects.get(place)
            if standing == effect:
                return None
            if standing and standing.status != "intended":
                return standing
            check_account(branch, self._ledger.account(branch.tenant, of_branch(branch.run, branch.path)), agent)
            if standing and not (over and standing.by == over.by):
                return standing
            self._effects[place] = effect
            return None

    def done(self, effect: Effect, value: Any) -> None:
        """Write the result; the first stands."""
        place = effect.tenant, effect.run, effect.key
        with self._lock:
            if self._effects.get(place, effect).status == "intended":
                self._effects[place] = replace(effect, status="done", value=value)

    def undone(self, effect: Effect) -> None:
        """Note that it was undone."""
        place = effect.tenant, effect.run, effect.key
        with self._lock:
            standing = self._effects.get(place)
            if standing and standing.status == "done":
                self._effects[place] = replace(standing, status="undone")

    def release(self, effect: Effect) -> None:
        """Forget this intent; another's, or a done effect, stays."""
        place = effect.tenant, effect.run, effect.key
        with self._lock:
            if self._effects.get(place) == effect:
                del self._effects[place]

    def get(self, tenant: str, run: str, key: str) -> Effect | None:
        """The record."""
        with self._lock:
            return self._effects.get((tenant, run, key))

    def of(self, tenant: str, run: str) -> tuple[Happened, ...]:
        """Every effect of the run, begun or done."""
        with self._lock:
            found = [one for (owner, whose, _), one in sorted(self._effects.items()) if (owner, whose) == (tenant, run)]
        return tuple(Happened(tool=one.tool, key=one.key, happened=one.status != "intended", deadline=one.deadline) for one in found)

    def change(self, each: Callable[[Effect], Effect]) -> None:
        """Put what *each* makes of every record in its place."""
        with self._lock:
            self._effects = {place: each(one) for place, one in self._effects.items()}
