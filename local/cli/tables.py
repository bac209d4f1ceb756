"""Tables whose ids and names are never broken: what does not fit beside them is left out."""

from collections.abc import Collection, Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from local.cli.style import LABEL

_ANY = 10_000
"""Columns of a terminal on which everything fits."""


class Fitted:
    """Rows of short words. On a terminal that is too narrow for all columns the *spare* ones go, the first of them first.

    What is too wide even then is printed whole; the terminal goes on in its next line.
    """

    def __init__(self, *names: str, spare: Sequence[str] = (), right: Collection[str] = ()) -> None:
        """*names* are of the columns, those of *right* have their text there."""
        self._names = names
        self._spare = spare
        self._right = right
        self._rows: list[tuple[Text, ...]] = []

    def add_row(self, *cells: str | Text) -> None:
        """One more row, a cell for each column."""
        self._rows.append(tuple(Text(cell) if isinstance(cell, str) else cell for cell in cells))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table with as many columns as fit."""
        for table in self._tables():
            table.width = Measurement.get(console, options.update(width=_ANY), table).maximum
            if table.width <= options.max_width:
                break
        yield table

    def _tables(self) -> Iterator[Table]:
        """The whole table, then without one more column each time."""
        for gone in range(len(self._spare) + 1):
            kept = [place for place, name in enumerate(self._names) if name not in self._spare[:gone]]
            table = Table(box=None, padding=(0, 1, 0, 0), header_style=LABEL)
            for place in kept:
                name = self._names[place]
                table.add_column(name, no_wrap=True, overflow="ignore", justify="right" if name in self._right else "left")
            for row in self._rows:
                table.add_row(*(row[place] for place in kept))
            yield table
