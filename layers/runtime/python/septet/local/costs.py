"""A double of the table of costs."""

from collections.abc import Sequence
from threading import Lock

from septet.core.costs import Spent, kept


class MemoryCosts:
    """What was spent, by tenant and place."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Spent] = {}
        self._lock = Lock()

    def put(self, spent: Spent, *, again: bool = False) -> None:
        """Note it, in place of what stands and is no later."""
        place = (spent.tenant, f"{spent.day}#{spent.run}#{spent.path}")
        with self._lock:
            if again and place in self._held:
                spent = kept(spent, self._held[place])
            if place not in self._held or _known(self._held[place]) <= _known(spent):
                self._held[place] = spent

    def page(self, tenant: str, *, since: str, until: str, after: str = "", limit: int) -> tuple[Sequence[Spent], str]:
        """Some of them, by day, and where to go on."""
        places = sorted(
            place for who, place in self._held if who == tenant and since <= place[: len(since)] and place[: len(until)] <= until
        )
        rest = [place for place in places if place > after]
        found, more = rest[:limit], rest[limit:]
        return [self._held[tenant, place] for place in found], found[-1] if more else ""


def _known(spent: Spent) -> tuple[int, int]:
    return spent.through, -spent.gaps
