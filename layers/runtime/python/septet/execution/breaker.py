"""The rules of the circuit breaker that takes sick models out, whoever keeps its records. Times are in milliseconds."""

from collections import Counter

FAILURES = 3
"""Failures that are told within WINDOW before a model is sick."""
WINDOW = 60_000
OPEN = 30_000
"""How long a sick model is left alone; then one process at a time may try it."""
PROBE = 15_000
"""How long that one has before another may."""
FRESH = 5_000
"""How long a process trusts what it has read."""
KEPT = 3_600_000
"""How long a record is kept after the last failure."""


class Streaks:
    """Failures in a row, as one process sees them.

    The first of a row is not told to others: at a thousand calls a second single failures are the weather. A second one in a row is, for
    then chance alone would have to strike twice; and as routing repeats what passes, a process that meets a sick model finds out at once.
    """

    def __init__(self) -> None:
        self._failures: Counter[str] = Counter()

    def note(self, model: str, *, well: bool) -> bool:
        """Note how a call of *model* went; whether others should be told."""
        told = self._failures[model] > 1
        if well:
            self._failures[model] = 0
            return told
        self._failures[model] += 1
        return self._failures[model] > 1
