"""The files of results, line by line: as JSON lines and as CSV."""

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator
from typing import Any

from septet.core.canonical import text
from septet.core.files import Output

COLUMNS = ("row", "key", "run", "status", "error", "message", "answer", "cost_microdollars")
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a cell: such a text gets an apostrophe before it, in the CSV."""


class Measured:
    """What is written, its size and its sum."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self.size = 0
        self.sums = hashlib.sha256()

    def write(self, content: bytes) -> None:
        """Add *content*."""
        self._out.write(content)
        self.size += len(content)
        self.sums.update(content)


def lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of what we wrote ourselves, without their ends."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole


def csv_row(values: Iterable[Any]) -> bytes:
    """A line of CSV."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(_cell(value) for value in values)
    return buffer.getvalue().encode()


def _cell(value: Any) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    said = value if isinstance(value, str) else text(value)
    return f"'{said}" if said.startswith(FORMULAS) else said
