"""The phases of the demo and how long each took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from local.cli.plain import plain
from local.cli.style import LABEL


class Phases:
    """Says what goes on, and keeps the seconds."""

    def __init__(self, console: Console, *, began: float | None) -> None:
        """*began*: when `make` started, in Unix seconds, if it says so; what went before the demo is the first phase then."""
        self._console = console
        self._took: dict[str, float] = {"set-up": max(0.0, time.time() - began)} if began is not None else {}

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[None]:
        """One phase; its time is kept when it ends well."""
        self._console.print(Text(f"\n{title}", style="bold"))
        started = time.monotonic()
        yield
        self._took[name] = time.monotonic() - started
        self.say(f"{name}: {self._took[name]:.1f} s")

    def say(self, text: str) -> None:
        """Something worth knowing about the phase that is going on."""
        self._console.print(Padding(Text(plain(text), style=LABEL), (0, 0, 0, 2)))

    def summary(self) -> str:
        """All phases in a line; what they took together comes on a line of its own where the first has no room for it."""
        parts = " · ".join(f"{name} {seconds:.1f} s" for name, seconds in self._took.items())
        said, together = f"Time: {parts}", f"together {sum(self._took.values()):.1f} s"
        fits = len(said) + len(" · ") + len(together) <= self._console.width
        return f"{said} · {together}" if fits else f"{said}\n{together}"
