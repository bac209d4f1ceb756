"""A table of figures, for the screen and for docs/performance.md."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table


@dataclass(kw_only=True)
class Sheet:
    """What one part of the benchmarks measured."""

    title: str
    about: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What is still to be measured: the page says so if it ends here."""

    def table(self) -> Table:
        """For the screen."""
        table = Table(*self.head, title=self.title, title_justify="left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self, when: str) -> str:
        """For the page."""
        lines = [f"## {self.title}", "", f"{self.about} Measured {when}.", ""]
        lines += [f"| {' | '.join(row)} |" for row in (self.head, ["---"] * len(self.head), *self.rows)]
        if self.missing:
            lines += [f"\n**Not measured, because it was cut off or failed:** {'; '.join(self.missing)}."]
        return "\n".join([*lines, *(f"\n{note}" for note in self.notes)]) + "\n"
