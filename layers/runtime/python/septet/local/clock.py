"""Time that passes when it is told to."""

from dataclasses import dataclass
from threading import Lock


@dataclass(kw_only=True)
class ManualClock:
    """A double of the clock, and of waiting: a pause lets its time pass at once."""

    now: int = 1_700_000_000_000
    """Milliseconds since the epoch."""
    tick: int = 0
    """Milliseconds that pass each time somebody looks."""

    def __post_init__(self) -> None:
        self._lock = Lock()

    def __call__(self) -> int:
        """The time."""
        if not self.tick:
            return self.now
        with self._lock:
            self.now += self.tick
            return self.now

    def pause(self, milliseconds: int) -> None:
        """Let *milliseconds* pass."""
        with self._lock:
            self.now += milliseconds
