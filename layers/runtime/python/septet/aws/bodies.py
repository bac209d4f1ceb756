"""Bodies too large for an item, in S3 under their digest."""

import hashlib
from collections.abc import Callable
from typing import Any

from septet.core.journal import Branch


class S3Bodies:
    """Stores bytes once; a body's handle is its key."""

    def __init__(self, client: Callable[[], Any], bucket: str) -> None:
        self._client = client  # a function: most turns have no large body, and then S3's client is never made
        self._bucket = bucket

    def put(self, branch: Branch, body: bytes) -> str:
        """Store *body* for the branch's run and return its handle. Storing it again is the same."""
        handle = f"{branch.tenant}/{branch.run}/{hashlib.sha256(body).hexdigest()}"
        self._client().put_object(Bucket=self._bucket, Key=handle, Body=body, ContentType="application/json")
        return handle

    def get(self, branch: Branch, handle: str) -> bytes:
        """The body. Raises ValueError for a handle of another tenant or run."""
        if not handle.startswith(f"{branch.tenant}/{branch.run}/"):
            raise ValueError(f"handle {handle} is not of run {branch.run}")
        return self._client().get_object(Bucket=self._bucket, Key=handle)["Body"].read()  # type: ignore[no-any-return]
