"""Recorded metrics: what was told, minute by minute, and CloudWatch's statistics of it."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

type Key = tuple[str, str, frozenset[tuple[str, str]]]

_RANK = re.compile(r"PR\(:([0-9.e+-]+)\)")
_PERCENTILE = re.compile(r"p([0-9.]+)")
_SIMPLE: Mapping[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "SampleCount": len,
    "Maximum": max,
    "Average": lambda values: sum(values) / len(values),
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """Values by metric, in the order of time."""

    values: dict[Key, list[tuple[int, float]]] = field(default_factory=dict)

    def tell(self, namespace: str, name: str, minute: int, value: float, **dimensions: str) -> None:
        self.values.setdefault((namespace, name, frozenset(dimensions.items())), []).append((minute, value))

    def statistic(self, key: Key, statistic: str, after: int, until: int) -> float | None:
        """Of what was told after the one minute and until the other; None when that is nothing."""
        line = self.values.get(key, [])
        first, last = (bisect_right(line, minute, key=lambda one: one[0]) for minute in (after, until))
        found = [value for _, value in line[first:last]]
        return _statistic(statistic, found) if found else None

    def sorted(self) -> "Recorded":
        return Recorded({key: sorted(line) for key, line in self.values.items()})


def _statistic(statistic: str, values: list[float]) -> float:
    if statistic in _SIMPLE:
        return float(_SIMPLE[statistic](values))
    if rank := _RANK.fullmatch(statistic):
        return 100 * sum(value <= float(rank[1]) for value in values) / len(values)
    if percentile := _PERCENTILE.fullmatch(statistic):
        return _percentile(values, float(percentile[1]))
    raise ValueError(f"{statistic} is no statistic that is known here")


def _percentile(values: Iterable[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part / 100))]
