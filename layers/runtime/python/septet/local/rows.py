"""Rows of batches in memory."""

from collections.abc import Sequence
from itertools import islice
from threading import Lock

from septet.core.rows import Plan, Row


class MemoryRows:
    """A double of the table of rows."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[int, Row]] = {}
        self._last: dict[tuple[str, str], int] = {}
        self._plans: dict[tuple[str, str], Plan] = {}
        self._lock = Lock()

    def plan(self, tenant: str, batch: str) -> Plan | None:
        """The batch's plan."""
        return self._plans.get((tenant, batch))

    def keep(self, tenant: str, batch: str, plan: Plan) -> None:
        """Note it."""
        self._plans[tenant, batch] = plan

    def put(self, tenant: str, batch: str, rows: Sequence[Row]) -> None:
        """Note them."""
        with self._lock:
            for row in rows:
                self._set(tenant, batch, row)

    def begin(self, tenant: str, batch: str, row: Row) -> Row:
        """Note that another run begins."""
        with self._lock:
            held = self._of(tenant, batch)
            if row.number not in held or held[row.number].run != row.run:
                self._set(tenant, batch, row)
            return held[row.number]

    def settle(self, tenant: str, batch: str, row: Row) -> None:
        """Note what became of it."""
        with self._lock:
            held = self._of(tenant, batch)
            if row.number in held and held[row.number].run == row.run:
                self._set(tenant, batch, row)

    def read(self, tenant: str, batch: str, *, after: int = 0, limit: int = 1_000) -> tuple[Row, ...]:
        """Some of them."""
        with self._lock:
            held = self._of(tenant, batch)
            found = (held[number] for number in range(after + 1, self._last.get((tenant, batch), 0) + 1) if number in held)
            return tuple(islice(found, limit))

    def _set(self, tenant: str, batch: str, row: Row) -> None:
        self._of(tenant, batch)[row.number] = row
        self._last[tenant, batch] = max(row.number, self._last.get((tenant, batch), 0))

    def _of(self, tenant: str, batch: str) -> dict[int, Row]:
        return self.rows.setdefault((tenant, batch), {})
