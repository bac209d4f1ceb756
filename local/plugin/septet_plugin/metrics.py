"""Sends the metrics found in functions' output to CloudWatch, in the background and in batches."""

import logging
import queue
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from localstack.aws.connect import connect_to

from septet_plugin.emf import Measurement, measurements

LOG: Final = logging.getLogger(__name__)
_BATCH: Final = 500
"""Measurements of one request; PutMetricData takes 1,000."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    account: str
    region: str
    namespace: str


class Sink:
    """A queue of measurements and the thread that sends them. A failure costs the batch, and is logged."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[_Place, Measurement]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running = False

    def take(self, output: str, *, account: str, region: str) -> None:
        """Take the measurements out of an environment's output."""
        for found in measurements(output):
            self._waiting.put((_Place(account=account, region=region, namespace=found.namespace), found))
            self._run()

    def _run(self) -> None:
        with self._lock:
            if not self._running:
                threading.Thread(target=self._work, name="septet-metrics", daemon=True).start()
                self._running = True

    def _work(self) -> None:
        while True:
            batches: dict[_Place, list[dict[str, Any]]] = defaultdict(list)
            place, found = self._waiting.get()
            batches[place].append(_datum(found))
            for _ in range(min(self._waiting.qsize(), _BATCH - 1)):
                place, found = self._waiting.get()
                batches[place].append(_datum(found))
            for place, data in batches.items():
                _send(place, data)


def _send(place: _Place, data: list[dict[str, Any]]) -> None:
    try:
        client = connect_to(aws_access_key_id=place.account, region_name=place.region).cloudwatch
        client.put_metric_data(Namespace=place.namespace, MetricData=data)
    except Exception:  # whatever is wrong with a metric, functions go on
        LOG.warning("Metrics for %s were not taken", place.namespace, exc_info=True)


def _datum(found: Measurement) -> dict[str, Any]:
    return {
        "MetricName": found.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in found.dimensions],
        "Timestamp": found.timestamp,
        "Values": list(found.values),
        "Counts": [1.0] * len(found.values),
        "Unit": found.unit,
        "StorageResolution": found.resolution,
    }


SINK: Final = Sink()
