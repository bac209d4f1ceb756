"""The records of a file, as they come: CSV with a header, or one JSON object a line. What cannot be read says why.

UTF-8, with or without a byte-order mark; lines end as on any system; empty lines are passed over. CSV is what RFC 4180 says.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from septet.core.errors import InputRejected
from septet.core.files import MediaType
from septet.core.frozen import frozen

RECORD_CHARACTERS = 100_000
"""Of one record; below what Python's csv module takes for one field."""
COLUMNS = 200
_SURROGATES = re.compile("[\ud800-\udfff]")
_BAD = "is not UTF-8"


@frozen
class Record:
    """One record of a file."""

    line: int
    """Where it begins, from 1."""
    values: Mapping[str, Any]
    """By column. Texts, in a CSV; any JSON otherwise."""
    wrong: str = ""
    """Why it cannot be used; empty when it can. Quotes nothing of it."""


def records(pieces: Iterable[bytes], media_type: MediaType) -> Iterator[Record]:
    """The records of the content in *pieces*. Raises InputRejected when it has no header that can be used."""
    lines = io.TextIOWrapper(io.BufferedReader(_Pieces(pieces)), encoding="utf-8-sig", errors="surrogateescape", newline="")
    return _csv(lines) if media_type == "text/csv" else _ndjson(lines)


def _csv(lines: Iterable[str]) -> Iterator[Record]:
    reader = csv.reader(lines)
    found = _rows(reader)
    header = _header(next(found, (1, [], ""))[1])
    for line, cells, bad in found:
        wrong = bad or (f"has {len(cells)} values, and the header has {len(header)}" if len(cells) != len(header) else "")
        yield Record(line=line, values={} if wrong else dict(zip(header, cells, strict=True)), wrong=wrong)


def _rows(reader: Any) -> Iterator[tuple[int, list[str], str]]:
    """The line, the cells, and what is wrong, of each row that is not empty."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # of the csv module's own: a field is too long; it goes on with the next line
            yield line, [], "is too long, or a quote in it is never closed"
            continue
        if cells:
            text = "".join(cells)
            yield line, cells, "is too long" if len(text) > RECORD_CHARACTERS else _BAD if _SURROGATES.search(text) else ""


def _header(names: list[str]) -> list[str]:
    if not names:
        raise InputRejected("the file is empty: its first line must name the columns")
    if len(names) > COLUMNS or not all(names) or any(_SURROGATES.search(name) for name in names):
        raise InputRejected(f"the file's first line must name its columns, {COLUMNS} at most, each with a name in UTF-8")
    if len(set(names)) < len(names):
        raise InputRejected("two columns of the file have the same name")
    return names


def _ndjson(lines: Iterable[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if text := line.strip("\r\n\t "):
            yield _object(number, text)


def _object(line: int, text: str) -> Record:
    if len(text) > RECORD_CHARACTERS:
        return Record(line=line, values={}, wrong="is too long")
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_finite)
    except RecursionError:
        return Record(line=line, values={}, wrong="is nested too deeply")
    except ValueError:
        return Record(line=line, values={}, wrong=_BAD if _SURROGATES.search(text) else "is not JSON, or names a field twice")
    if not isinstance(found, dict):
        return Record(line=line, values={}, wrong="is not a JSON object")
    return Record(line=line, values=found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("twice")
    return found


def _finite(name: str) -> None:
    raise ValueError(name)


class _Pieces(io.RawIOBase):
    """Pieces of bytes as a stream."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill *buffer* from the present piece, or the next."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = piece
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size
