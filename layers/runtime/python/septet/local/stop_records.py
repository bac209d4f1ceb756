"""Stops and their proofs in memory."""

from collections.abc import Iterator
from copy import replace
from threading import Lock

from septet.core.stopping import StopOrder, StoppedRun


class MemoryStopRecords:
    """A double of the table of stops."""

    def __init__(self) -> None:
        self._orders: dict[tuple[str, str], StopOrder] = {}
        self._runs: dict[tuple[str, str], dict[tuple[str, str], StoppedRun]] = {}
        self._lock = Lock()

    def put(self, order: StopOrder) -> StopOrder:
        """Store it unless there is one."""
        with self._lock:
            return self._orders.setdefault((order.tenant, order.stop), order)

    def get(self, tenant: str, stop: str) -> StopOrder | None:
        """The stop."""
        return self._orders.get((tenant, stop))

    def listed(self, tenant: str) -> tuple[StopOrder, ...]:
        """The tenant's, newest first."""
        with self._lock:
            found = [order for (owner, _), order in self._orders.items() if owner == tenant]
        return tuple(sorted(found, key=lambda order: (order.at, order.stop), reverse=True))

    def unfinished(self) -> Iterator[StopOrder]:
        """Every tenant's that have not finished."""
        with self._lock:
            found = [order for order in self._orders.values() if order.finished_at is None]
        yield from found

    def acknowledged(self, order: StopOrder, at: int) -> None:
        """Note it; the first note stands."""
        with self._lock:
            standing = self._orders[order.tenant, order.stop]
            if standing.acknowledged_at is None:
                self._orders[order.tenant, order.stop] = replace(standing, acknowledged_at=at)

    def finished(self, order: StopOrder, at: int) -> None:
        """Note it; the first note stands."""
        with self._lock:
            standing = self._orders[order.tenant, order.stop]
            if standing.finished_at is None:
                self._orders[order.tenant, order.stop] = replace(standing, finished_at=at)

    def lifted(self, order: StopOrder, *, by: str, at: int) -> None:
        """Note it; the first note stands."""
        with self._lock:
            standing = self._orders[order.tenant, order.stop]
            if standing.lifted_at is None:
                self._orders[order.tenant, order.stop] = replace(standing, lifted_at=at, lifted_by=by)

    def cover(self, order: StopOrder, run: StoppedRun) -> None:
        """Note the run as it was found first."""
        with self._lock:
            self._runs.setdefault((order.tenant, order.stop), {}).setdefault((run.tenant, run.run), run)

    def renew(self, order: StopOrder, run: StoppedRun) -> StoppedRun:
        """Note how the run stands, unless somebody was faster."""
        with self._lock:
            held = self._runs.setdefault((order.tenant, order.stop), {})
            standing = held.get((run.tenant, run.run))
            if standing is None or standing.version == run.version:
                held[run.tenant, run.run] = standing = replace(run, version=run.version + 1)
            return standing

    def covered(self, tenant: str, stop: str) -> tuple[StoppedRun, ...]:
        """Every run, by tenant and id."""
        with self._lock:
            return tuple(run for _, run in sorted(self._runs.get((tenant, stop), {}).items()))
