"""Files of a tenant: what people upload for a batch, and what a batch writes. Records here, contents in the bucket of bodies."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from septet.core.frozen import frozen

MediaType = Literal["text/csv", "application/x-ndjson"]
"""``text/csv`` after RFC 4180, in UTF-8, with a header; ``application/x-ndjson`` for one JSON object a line."""
FILE_BYTES = 50 * 1024 * 1024
"""Of one that is uploaded."""


@frozen
class File:
    """One file."""

    tenant: str
    file: str
    name: str
    """As its owner calls it. Empty once it was erased."""
    media_type: MediaType
    bytes: int
    sha256: str
    """Of its content, in hexadecimal digits."""
    owner: str
    """The principal that uploads it, or whose batch wrote it."""
    created_at: int
    """Milliseconds since the epoch."""
    place: str
    """Where its content lies, below the tenant."""
    runs: tuple[str, ...] = ()
    """The batches that read it or wrote it: it is erased with any of them."""
    erased_at: int | None = None


class Files(Protocol):
    """Records of files. Every method raises StoreUnavailable when the store fails, and can be repeated."""

    def put(self, file: File) -> None:
        """Store *file*, in place of any of that id."""
        ...

    def get(self, tenant: str, file: str) -> File | None:
        """The record, read consistently."""
        ...

    def used(self, tenant: str, file: str, run: str) -> None:
        """Note that *run* reads the file."""
        ...


@frozen
class Transfer:
    """One HTTP request that moves a file's content, signed, so that it needs no token."""

    method: Literal["PUT", "GET"]
    url: str
    headers: Mapping[str, str]
    """Those that it must carry: S3 refuses another size, another content or other encryption than was agreed."""
    expires_at: int
    """Milliseconds since the epoch."""


class Output(Protocol):
    """A content that is being written."""

    def write(self, content: bytes) -> None:
        """Add *content*."""
        ...


class Contents(Protocol):
    """The bucket, below a tenant. Every method raises StoreUnavailable when it fails, and can be repeated."""

    def upload(self, file: File, *, now: int) -> Transfer:
        """The request by which the owner uploads exactly this file."""
        ...

    def download(self, file: File, *, now: int) -> Transfer:
        """The request by which somebody downloads it."""
        ...

    def there(self, file: File) -> bool:
        """Whether the content is there, as large as agreed."""
        ...

    def read(self, tenant: str, place: str) -> Iterator[bytes]:
        """The content, piece by piece. Raises InputRejected when there is none."""
        ...

    def part(self, tenant: str, place: str, start: int, end: int) -> bytes:
        """The bytes from *start* to before *end*. Raises InputRejected when there is no such content."""
        ...

    def writing(self, tenant: str, place: str) -> AbstractContextManager[Output]:
        """A content that is there, whole, once the block has ended; nothing of it when the block raises. Holds a few megabytes."""
        ...

    def place(self, tenant: str, place: str) -> tuple[str, str]:
        """Bucket and key of a content, for Step Functions, which reads it by itself."""
        ...
