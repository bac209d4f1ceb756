"""Anomalies as events on the deployment's bus in EventBridge."""

from typing import Any

from septet.aws.items import dumps
from septet.aws.trouble import reaching
from septet.core.errors import StoreUnavailable
from septet.observability.anomalies import Anomaly

SOURCE = "septet.observability"
TYPE = "RunAnomaly"


class BusAlerts:
    """Puts events on the bus of this name."""

    def __init__(self, client: Any, bus: str) -> None:
        self._client = client
        self._bus = bus

    @reaching("the bus of events")
    def tell(self, anomaly: Anomaly) -> None:
        """Put the event. Nothing in it but ids, names and figures."""
        detail = {
            "tenant": anomaly.tenant,
            "run": anomaly.run,
            "workflow": anomaly.workflow,
            "attempt": anomaly.attempt,
            "kind": anomaly.way,
            "value": anomaly.value,
            "usual": anomaly.usual,
            "known": anomaly.known,
            "at": anomaly.at,
        }
        entry = {"EventBusName": self._bus, "Source": SOURCE, "DetailType": TYPE, "Detail": dumps(detail)}
        if self._client.put_events(Entries=[entry])["FailedEntryCount"]:  # an answer of 200 that says that it was not taken
            raise StoreUnavailable("the bus of events did not take an event")
