"""Metrics in log lines: CloudWatch's Embedded Metric Format, as its specification (version 0) describes it.

A line that is not EMF, or breaks the specification, yields what of it is sound, or nothing; it never raises.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

_DIMENSIONS: Final = 30
"""Most dimensions of one set."""
_METRICS: Final = 100
"""Most metrics of one directive."""
_VALUES: Final = 100
"""Most values of one metric."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """Values of one metric at one time, as PutMetricData takes them."""

    namespace: str
    name: str
    values: tuple[float, ...]
    timestamp: float
    """Unix time in seconds."""
    dimensions: tuple[tuple[str, str], ...] = ()
    unit: str = "None"
    resolution: int = 60
    """Seconds: 60, or 1."""


def measurements(text: str) -> list[Measurement]:
    """Return the measurements in an environment's output, line by line."""
    return [found for line in text.splitlines() if '"_aws"' in line for found in _line(line)]


def _line(line: str) -> Iterator[Measurement]:
    try:
        root = json.loads(line)
    except (ValueError, RecursionError):
        return
    if not isinstance(root, dict) or not isinstance(metadata := root.get("_aws"), dict):
        return
    timestamp, directives = metadata.get("Timestamp"), metadata.get("CloudWatchMetrics")
    if not _number(timestamp) or timestamp < 0 or not isinstance(directives, list):
        return
    for directive in directives:
        if isinstance(directive, dict):
            yield from _directive(directive, root, timestamp / 1000)


def _directive(directive: Mapping[str, Any], root: Mapping[str, Any], timestamp: float) -> Iterator[Measurement]:
    namespace, metrics = directive.get("Namespace"), directive.get("Metrics")
    if not _text(namespace) or not isinstance(metrics, list):
        return
    sets = list(_dimension_sets(directive.get("Dimensions"), root))
    for metric in metrics[:_METRICS]:
        if not isinstance(metric, dict) or not _text(name := metric.get("Name")):
            continue
        if not (values := _values(root.get(name))):
            continue
        unit = metric.get("Unit", "None")
        for dimensions in sets:
            yield Measurement(
                namespace=namespace,
                name=name,
                values=values,
                timestamp=timestamp,
                dimensions=dimensions,
                unit=unit if _text(unit) else "None",
                resolution=1 if metric.get("StorageResolution") == 1 else 60,
            )


def _dimension_sets(sets: Any, root: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], ...]]:
    """Give the values of each set of dimension names; a set that names a missing or non-textual member is left out."""
    if sets is None or sets == []:
        yield ()
    elif isinstance(sets, list):
        for names in sets:
            if not isinstance(names, list) or len(names) > _DIMENSIONS or not all(_text(name) for name in names):
                continue
            if all(_text(root.get(name)) for name in names):
                yield tuple((name, root[name]) for name in dict.fromkeys(names))


def _values(target: Any) -> tuple[float, ...]:
    values: Iterable[Any] = target[:_VALUES] if isinstance(target, list) else [target]
    return tuple(value for value in values if _number(value))


def _number(value: Any) -> TypeGuard[float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        return False


def _text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= 1024  # noqa: PLR2004 the specification's longest name
