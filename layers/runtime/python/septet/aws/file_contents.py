"""Contents of files in the bucket of bodies: signed requests for people, streams for steps, all encrypted for their tenant.

What S3 enforces of a signed upload is what is signed: length, SHA-256 of the content and encryption are headers that the request must carry
as they were agreed, and S3 checks the content against its sum. The URL holds for one object and some minutes.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from botocore.exceptions import ClientError

from septet.aws.trouble import reaching
from septet.core.errors import InputRejected
from septet.core.files import File, Output, Transfer

UPLOAD_SECONDS = 15 * 60
DOWNLOAD_SECONDS = 5 * 60
PART = 8 * 1024 * 1024
"""Bytes of a part of an upload, all but the last; S3 takes 5 MiB at least."""
_PIECE = 1024 * 1024
_STORE = "the bucket of bodies"
_GONE = "the file has no content: upload it first, or it was erased"


class S3FileContents:
    """Objects ``{tenant}/{place}``."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        """ARN of the KMS key, or of its alias."""

    def upload(self, file: File, *, now: int) -> Transfer:
        """The request by which exactly this file is uploaded."""
        asked = {
            **self._object(file.tenant, file.place),
            **self._encrypted(file.tenant),
            "ContentLength": file.bytes,
            "ContentType": file.media_type,
            "ChecksumSHA256": base64.b64encode(bytes.fromhex(file.sha256)).decode(),
        }
        headers = {
            "Content-Length": str(file.bytes),
            "Content-Type": file.media_type,
            "x-amz-checksum-sha256": asked["ChecksumSHA256"],
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": self._key,
            "x-amz-server-side-encryption-context": asked["SSEKMSEncryptionContext"],
        }
        return self._signed("PUT", asked, headers, UPLOAD_SECONDS, now)

    def download(self, file: File, *, now: int) -> Transfer:
        """The request by which somebody downloads it."""
        named = {"ResponseContentDisposition": f'attachment; filename="{_safe(file.name)}"', "ResponseContentType": file.media_type}
        return self._signed("GET", self._object(file.tenant, file.place) | named, {}, DOWNLOAD_SECONDS, now)

    @reaching(_STORE)
    def there(self, file: File) -> bool:
        """Whether the content is there, as large as agreed."""
        try:
            found = self._client.head_object(**self._object(file.tenant, file.place))
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:  # noqa: PLR2004 -- HEAD has no body that names it
                return False
            raise
        return bool(found["ContentLength"] == file.bytes)

    def read(self, tenant: str, place: str) -> Iterator[bytes]:
        """The content, piece by piece."""
        with reaching(_STORE):
            yield from self._get(tenant, place).iter_chunks(_PIECE)

    @reaching(_STORE)
    def part(self, tenant: str, place: str, start: int, end: int) -> bytes:
        """Some of its bytes."""
        body: bytes = self._get(tenant, place, Range=f"bytes={start}-{end - 1}").read()
        return body

    @contextmanager
    def writing(self, tenant: str, place: str) -> Iterator[Output]:
        """A content that is there, whole, once the block has ended. Small ones are put at once, others in parts."""
        target, encryption = self._object(tenant, place), self._encrypted(tenant)
        with reaching(_STORE):
            upload = _Upload(self._client, target, encryption)
            try:
                yield upload
                upload.finish()
            except BaseException:
                with suppress(Exception):  # what is left of it expires by the bucket's rule
                    upload.abort()
                raise

    def place(self, tenant: str, place: str) -> tuple[str, str]:
        """Bucket and key."""
        return self._bucket, f"{tenant}/{place}"

    def _object(self, tenant: str, place: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": f"{tenant}/{place}"}

    def _encrypted(self, tenant: str) -> dict[str, Any]:
        context = json.dumps({"tenant": tenant}, separators=(",", ":"))
        return {
            "ServerSideEncryption": "aws:kms",
            "SSEKMSKeyId": self._key,
            "SSEKMSEncryptionContext": base64.b64encode(context.encode()).decode(),
        }

    def _get(self, tenant: str, place: str, **more: str) -> Any:
        try:
            return self._client.get_object(**self._object(tenant, place), **more)["Body"]
        except self._client.exceptions.NoSuchKey as error:
            raise InputRejected(_GONE) from error

    def _signed(self, method: Any, asked: dict[str, Any], headers: dict[str, str], seconds: int, now: int) -> Transfer:
        operation = "put_object" if method == "PUT" else "get_object"
        url: str = self._client.generate_presigned_url(ClientMethod=operation, Params=asked, ExpiresIn=seconds)
        return Transfer(method=method, url=url, headers=headers, expires_at=now + seconds * 1_000)


class _Upload:
    """One object that is being written."""

    def __init__(self, client: Any, target: dict[str, Any], encryption: dict[str, Any]) -> None:
        self._client, self._target, self._encryption = client, target, encryption
        self._buffer = bytearray()
        self._id = ""
        self._parts: list[dict[str, Any]] = []

    def write(self, content: bytes) -> None:
        """Add *content*, and send what fills a part."""
        self._buffer += content
        while len(self._buffer) >= PART:
            self._send(PART)

    def finish(self) -> None:
        """Make the object what was written."""
        if not self._id:
            self._client.put_object(**self._target, **self._encryption, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send(len(self._buffer))
        self._client.complete_multipart_upload(**self._target, UploadId=self._id, MultipartUpload={"Parts": self._parts})

    def abort(self) -> None:
        """Forget what was sent."""
        if self._id:
            self._client.abort_multipart_upload(**self._target, UploadId=self._id)

    def _send(self, size: int) -> None:
        if not self._id:
            self._id = self._client.create_multipart_upload(**self._target, **self._encryption)["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(**self._target, UploadId=self._id, PartNumber=number, Body=bytes(self._buffer[:size]))
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        del self._buffer[:size]


def _safe(name: str) -> str:
    """*name* as a header may hold it."""
    return "".join(letter if (letter.isalnum() and letter.isascii()) or letter in " ._-()" else "_" for letter in name)
