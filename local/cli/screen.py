"""A run on the terminal as it happens."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from local.cli import run_views
from local.cli.follow import Seen
from local.cli.story import Failed, Story
from local.cli.style import LABEL


class Screen:
    """Prints a line for what happened and, on a terminal, keeps one moving line below that says what is going on."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._story = Story()
        self._status = Status("", console=console, spinner="dots") if console.is_terminal and not console.is_dumb_terminal else None

    def __enter__(self) -> Self:
        self._say(self._story.now)
        if self._status:
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._status:
            self._status.stop()

    @property
    def failed(self) -> Failed:
        """The model calls that failed so far."""
        return self._story.failed

    def show(self, seen: Seen) -> None:
        """Print what is new in *seen*."""
        for entry in seen.entries:
            told = self._story.tell(entry)
            if told:
                self._console.print(run_views.line(told), crop=False)
        self._say(self._story.now)

    def _say(self, now: str) -> None:
        if self._status:
            self._status.update(Text(now, style=LABEL))
