"""Doubles of what anomalies are found with."""

from copy import replace

from septet.core.errors import Fenced
from septet.observability.anomalies import Anomaly, Usual


class MemoryUsuals:
    """What is usual, by tenant and workflow."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Usual] = {}

    def get(self, tenant: str, workflow: str) -> Usual:
        """What is usual."""
        return self._held.get((tenant, workflow), Usual())

    def put(self, tenant: str, workflow: str, usual: Usual) -> None:
        """Note it, if nobody else has."""
        if self._held.get((tenant, workflow), Usual()).version != usual.version:
            raise Fenced("somebody else has noted another run")
        self._held[tenant, workflow] = replace(usual, version=usual.version + 1)


class MemoryAlerts:
    """A double of the bus: everything that was told."""

    def __init__(self) -> None:
        self.told: list[Anomaly] = []

    def tell(self, anomaly: Anomaly) -> None:
        """Take it."""
        self.told.append(anomaly)
