"""Standing stops in memory."""

from threading import Lock

from septet.core.stops import EVERYBODY, Scope, Standing


class MemoryStops:
    """A double of the standing stops."""

    def __init__(self) -> None:
        self._stops: dict[tuple[str, str, str], Standing] = {}
        self._lock = Lock()

    def put(self, tenant: str, standing: Standing) -> Standing:
        """Store it unless there is one."""
        with self._lock:
            return self._stops.setdefault((tenant, standing.scope, standing.name), standing)

    def lift(self, tenant: str, scope: Scope, name: str = "", *, at: int | None = None) -> bool:
        """Take it away."""
        with self._lock:
            found = self._stops.get((tenant, scope, name))
            if found is None or at not in {None, found.at}:
                return False
            del self._stops[tenant, scope, name]
            return True

    def of(self, tenant: str) -> tuple[Standing, ...]:
        """The tenant's and everybody's."""
        with self._lock:
            return tuple(found for (owner, _, _), found in sorted(self._stops.items()) if owner in {tenant, EVERYBODY})
