"""Measures as CloudWatch metrics, by lines in the log: the embedded metric format, which costs a function no call."""

from collections import defaultdict
from collections.abc import Sequence

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from septet.observability.measures import METRICS, Measure, tellable

_MINUTE = 60_000
"""Milliseconds: CloudWatch's finest period here."""
_VALUES = 99
"""Of a metric in one line: the format takes 100, at which Powertools prints the line by itself and forgets the dimensions."""


class EmfMeter:
    """Prints a line for all values of the same minute and dimensions. Nothing is told apart by the function that tells it."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def tell(self, measures: Sequence[Measure]) -> None:
        """Print *measures*."""
        groups: dict[tuple[int, tuple[tuple[str, str], ...]], list[Measure]] = defaultdict(list)
        for one in tellable(measures):
            groups[one.at // _MINUTE, tuple(one.dimensions.items())].append(one)
        for (minute, dimensions), told in groups.items():
            for start in range(0, len(told), _VALUES):
                self._line(minute * _MINUTE, dict(dimensions), told[start : start + _VALUES])

    def _line(self, at: int, dimensions: dict[str, str], told: Sequence[Measure]) -> None:
        line = AmazonCloudWatchEMFProvider(metric_set={}, dimension_set={}, metadata_set={}, namespace=self._namespace)
        line.service = ""  # it would be one more dimension
        line.set_timestamp(at)
        for name, value in dimensions.items():
            line.add_dimension(name, value)
        for one in told:
            line.add_metric(one.metric, METRICS[one.metric].unit, one.value)
        line.flush_metrics()
