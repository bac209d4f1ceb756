"""Files and batches as they are sent and answered."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from septet.core.files import FILE_BYTES, MediaType
from septet.core.rows import RowStatus
from septet.integration.filing import State
from septet.integration.http.models import INTEGER, WHOLE, Moment, Strict


class FileOffer(Strict):
    """What is going to be uploaded."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$", examples=["claims.csv"])]
    media_type: MediaType
    bytes: Annotated[int, Field(ge=1, le=FILE_BYTES), INTEGER]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="of the content")]


class Transfer(BaseModel):
    """A request that moves the content, and needs no token."""

    method: Literal["PUT", "GET"]
    url: str
    headers: dict[str, str]
    """Those that it must carry, as they are."""
    expires_at: Moment


class File(BaseModel):
    """A file as it stands."""

    id: str
    name: str
    media_type: MediaType
    bytes: int
    sha256: str
    owner: str
    created_at: Moment
    state: State
    transfer: Transfer | None
    """How it is uploaded or downloaded; null when it cannot be."""


class RowsQuery(Strict):
    """Which rows are wanted."""

    after: Annotated[int, Field(ge=0, le=10**6), WHOLE] = 0
    limit: Annotated[int, Field(ge=1, le=500), WHOLE] = 50
    status: RowStatus | None = None


class BatchRow(BaseModel):
    """One row."""

    row: int
    run: str | None
    status: RowStatus
    error: str
    message: str


class Batch(BaseModel):
    """A batch as it stands, and some of its rows."""

    run: str
    rows: int
    tolerated: int
    counts: dict[str, int]
    files: dict[str, str]
    page: list[BatchRow]
    next: int | None
