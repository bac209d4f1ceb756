"""What a long run says while it goes on."""

import time

from rich.console import Console


class Progress:
    """Lines on the screen: how much is done of *total*, how long it took, and about how long the rest takes."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0
        self._began = time.monotonic()

    def tell(self, what: str) -> None:
        """One more is done."""
        self._done += 1
        gone = time.monotonic() - self._began
        rest = gone / self._done * max(0, self._total - self._done)
        told = f"{self._done:>4}/{self._total}  {gone / 60:5.1f} min, about {rest / 60:.1f} to go  {what}"
        self._console.print(told, highlight=False, markup=False)
