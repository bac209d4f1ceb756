"""What a suite found: figures as a table, and what of them falls short of its goal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.sheet import Sheet

ROOT = Path(__file__).parents[2]
Say = Callable[[str], None]
"""Told what goes on now."""


@dataclass(kw_only=True)
class Result:
    """A suite is a module of this folder with ``run(say: Say) -> Result``, and a line in ``__main__.SUITES``."""

    sheet: Sheet
    short: list[str] = field(default_factory=list)
    """A sentence for each goal that is not met; empty when all is well."""
    data: Any = None
    """More than the table shows, as JSON, for ``--json``."""

    def plain(self) -> dict[str, Any]:
        """All of it as JSON."""
        rows = [dict(zip(self.sheet.head, row, strict=True)) for row in self.sheet.rows]
        return {"title": self.sheet.title, "rows": rows, "notes": self.sheet.notes, "short": self.short, "data": self.data}
