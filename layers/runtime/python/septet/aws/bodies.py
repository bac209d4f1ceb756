"""Bodies too large for an item, in S3: each an object of its own, encrypted for its tenant, that can be deleted by itself.

An object's name is its entry's salted digest, so it tells nothing about the content, and equal bodies are different objects. The tenant is
in the encryption context: KMS logs it with every use of the key, and the roles' policies refuse a use without one. S3 keeps the context
and gives it to KMS by itself when the object is read, so it does not tell tenants apart for a role that may read them all.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from septet.aws.trouble import reaching
from septet.core.journal import Branch

_STORE = "the bucket of bodies"


class S3Bodies:
    """Stores bytes under ``{tenant}/{run}/{digest}``."""

    def __init__(self, client: Callable[[], Any], bucket: str, key: str) -> None:
        self._client = client  # a function: most turns have no large body, and then S3's client is never made
        self._bucket = bucket
        self._key = key
        """ARN of the KMS key, or of its alias."""

    @reaching(_STORE)
    def put(self, branch: Branch, digest: str, body: bytes) -> None:
        """Store *body* as the one of the branch's run with this *digest*. Storing it again is the same. Raises StoreUnavailable."""
        context = json.dumps({"tenant": branch.tenant}, separators=(",", ":"))
        self._client().put_object(
            Bucket=self._bucket,
            Key=_name(branch, digest),
            Body=body,
            ContentType="application/json",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self._key,
            SSEKMSEncryptionContext=base64.b64encode(context.encode()).decode(),
        )

    @reaching(_STORE)
    def get(self, branch: Branch, digest: str) -> bytes | None:
        """The body; None when it was erased. Raises StoreUnavailable, also for an erased one if the role may not list the bucket."""
        client = self._client()
        try:
            found = client.get_object(Bucket=self._bucket, Key=_name(branch, digest))
        except client.exceptions.NoSuchKey:
            return None
        body: bytes = found["Body"].read()
        return body


def _name(branch: Branch, digest: str) -> str:
    return f"{branch.tenant}/{branch.run}/{digest}"
