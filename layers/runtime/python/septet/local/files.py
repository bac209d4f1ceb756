"""Files in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import replace
from io import BytesIO

from septet.core.errors import InputRejected
from septet.core.files import File, Output, Transfer

PIECE = 1_000
"""Bytes that are read at once."""


class MemoryFiles:
    """A double of the table of files."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], File] = {}

    def put(self, file: File) -> None:
        """Store it."""
        self.records[file.tenant, file.file] = file

    def get(self, tenant: str, file: str) -> File | None:
        """The record."""
        return self.records.get((tenant, file))

    def used(self, tenant: str, file: str, run: str) -> None:
        """Note that *run* reads it."""
        if record := self.records.get((tenant, file)):
            self.put(replace(record, runs=tuple(sorted({*record.runs, run}))))


class MemoryFileContents:
    """A double of the bucket, as files use it."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], bytes] = {}

    def upload(self, file: File, *, now: int) -> Transfer:
        """A made-up request."""
        return Transfer(method="PUT", url=f"memory:{file.tenant}/{file.place}", headers={}, expires_at=now + 1)

    def download(self, file: File, *, now: int) -> Transfer:
        """A made-up request."""
        return Transfer(method="GET", url=f"memory:{file.tenant}/{file.place}", headers={}, expires_at=now + 1)

    def there(self, file: File) -> bool:
        """Whether the content is there."""
        return len(self.held.get((file.tenant, file.place), b"")) == file.bytes

    def read(self, tenant: str, place: str) -> Iterator[bytes]:
        """The content, piece by piece."""
        content = self._found(tenant, place)
        yield from (content[start : start + PIECE] for start in range(0, len(content), PIECE))

    def part(self, tenant: str, place: str, start: int, end: int) -> bytes:
        """Some of its bytes."""
        return self._found(tenant, place)[start:end]

    @contextmanager
    def writing(self, tenant: str, place: str) -> Iterator[Output]:
        """A content that is there once the block has ended."""
        buffer = BytesIO()
        yield _Output(buffer)
        self.held[tenant, place] = buffer.getvalue()

    def place(self, tenant: str, place: str) -> tuple[str, str]:
        """A made-up bucket, and the key."""
        return "memory", f"{tenant}/{place}"

    def _found(self, tenant: str, place: str) -> bytes:
        if (tenant, place) not in self.held:
            raise InputRejected("the file has no content: upload it first, or it was erased")
        return self.held[tenant, place]


class _Output:
    def __init__(self, buffer: BytesIO) -> None:
        self._buffer = buffer

    def write(self, content: bytes) -> None:
        """Add *content*."""
        self._buffer.write(content)
