"""Where the moments of a run lie on a line that is drawn: in proportion, but for long stretches in which nothing worked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from local.cli.api import Document
from local.cli.moments import seconds

WAITS = frozenset({"approval", "inquiry"})
"""Kinds of steps in which somebody is waited for."""
_SHARE = 0.1
"""Of the time in which something worked: the most that one stretch takes in which nothing did."""
_LEAST = 0.5
"""Seconds that such a stretch may take in any case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """A line from the first moment to the last."""

    points: tuple[tuple[float, float], ...]
    """Moments in seconds since the epoch, each with its place from 0 to 1, both going up."""
    cut: bool
    """Whether any stretch is shortened."""

    @classmethod
    def of(cls, steps: Sequence[Document]) -> Self:
        """The line of *steps*; what is open goes on to the last moment that is known."""
        moments = [seconds(step[name]) for step in steps for name in ("start", "end") if step.get(name)]
        if not moments:
            return cls(points=((0, 0), (1, 1)), cut=False)
        first, last = min(moments), max(moments)
        busy = _joined((seconds(step["start"]), seconds(step["end"])) for step in steps if step.get("end") and step["kind"] not in WAITS)
        most = max(_LEAST, _SHARE * sum(end - start for start, end in busy))
        place, points, cut, before = 0.0, [(first, 0.0)], False, first
        for start, end in [*busy, (last, last)]:
            idle = max(0.0, start - before)
            cut = cut or idle > most
            place += min(idle, most)
            points.append((start, place))
            place += end - start
            points.append((end, place))
            before = max(before, end)
        return cls(points=tuple((moment, at / (place or 1)) for moment, at in points), cut=cut)

    def at(self, moment: float) -> float:
        """Where *moment* lies."""
        for (start, low), (end, high) in zip(self.points, self.points[1:], strict=False):
            if moment <= end:
                return low + (high - low) * max(0.0, moment - start) / (end - start) if end > start else high
        return 1.0

    def span(self, step: Document) -> tuple[float, float]:
        """Where a step begins and ends."""
        return self.at(seconds(step["start"])), self.at(seconds(step["end"])) if step.get("end") else 1.0


def _joined(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The stretches in which anything worked."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found
