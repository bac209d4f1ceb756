"""Requests that people are given: what is signed, S3 enforces."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.stub import ANY, Stubber

from septet.aws import file_contents
from septet.aws.clients import client
from septet.aws.file_contents import PART, S3FileContents
from septet.core.errors import StoreUnavailable
from septet.core.files import File

FILE = File(
    tenant="acme",
    file="fil-1",
    name='../cl"aims\r\n.csv',
    media_type="text/csv",
    bytes=8,
    sha256="ab" * 32,
    owner="ann",
    created_at=1,
    place="fil-1/content",
)
KEY = "arn:aws:kms:eu-west-1:1:alias/bodies"


@pytest.fixture
def s3() -> Any:
    config = Config(signature_version="s3v4")
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b", config=config)


def test_of_an_upload_length_content_and_encryption_are_signed_and_it_expires(s3: Any) -> None:
    asked = S3FileContents(s3, "bodies", KEY).upload(FILE, now=1_000)
    query = parse_qs(urlsplit(asked.url).query)
    assert asked.expires_at == 1_000 + 1_000 * int(query["X-Amz-Expires"][0]) == 901_000
    signed = set(query["X-Amz-SignedHeaders"][0].split(";"))
    assert signed == {name.lower() for name in asked.headers} | {"host"}
    assert signed >= {"content-length", "x-amz-checksum-sha256", "x-amz-server-side-encryption-context"}
    assert asked.headers["x-amz-server-side-encryption-context"] == "eyJ0ZW5hbnQiOiJhY21lIn0="
    assert urlsplit(asked.url).path.endswith("/acme/fil-1/content")


def test_the_platform_s_own_client_signs_so_that_kms_takes_it() -> None:
    assert client("s3", region="us-east-1", signature="s3v4").meta.config.signature_version == "s3v4"


def test_a_download_names_the_file_and_nothing_that_a_header_may_not_hold(s3: Any) -> None:
    asked = S3FileContents(s3, "bodies", KEY).download(FILE, now=0)
    assert parse_qs(urlsplit(asked.url).query)["response-content-disposition"] == ['attachment; filename=".._cl_aims__.csv"']


def test_a_large_content_goes_in_parts_and_its_memory_is_bounded(s3: Any) -> None:
    contents = S3FileContents(s3, "bodies", KEY)
    target = {"Bucket": "bodies", "Key": "acme/run-1/results.csv"}
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY, "SSEKMSEncryptionContext": ANY}
    with Stubber(s3) as stub:
        stub.add_response("create_multipart_upload", {"UploadId": "u"}, target | encrypted)
        for number in (1, 2):
            stub.add_response("upload_part", {"ETag": f"e{number}"}, target | {"UploadId": "u", "PartNumber": number, "Body": ANY})
        parts = [{"PartNumber": number, "ETag": f"e{number}"} for number in (1, 2)]
        stub.add_response("complete_multipart_upload", {}, target | {"UploadId": "u", "MultipartUpload": {"Parts": parts}})
        with contents.writing("acme", "run-1/results.csv") as out:
            for _ in range(3):
                out.write(b"x" * (PART // 2))
        stub.assert_no_pending_responses()


def _killed(contents: S3FileContents) -> None:
    with contents.writing("acme", "x") as out:
        out.write(b"x" * PART)
        raise RuntimeError("killed")


def test_what_breaks_off_leaves_nothing(s3: Any) -> None:
    target = {"Bucket": "bodies", "Key": "acme/x"}
    with Stubber(s3) as stub:
        stub.add_response("create_multipart_upload", {"UploadId": "u"})
        stub.add_response("upload_part", {"ETag": "e"})
        stub.add_response("abort_multipart_upload", {}, target | {"UploadId": "u"})
        with pytest.raises(RuntimeError):
            _killed(S3FileContents(s3, "bodies", KEY))
        stub.assert_no_pending_responses()


def test_a_bucket_that_cannot_be_reached_is_a_named_trouble(s3: Any) -> None:
    with Stubber(s3) as stub:
        stub.add_client_error("head_object", service_error_code="SlowDown", http_status_code=503)
        stub.add_client_error("head_object", service_error_code="404", http_status_code=404)
        contents = S3FileContents(s3, "bodies", KEY)
        with pytest.raises(StoreUnavailable):
            contents.there(FILE)
        assert not contents.there(FILE)
    assert file_contents.UPLOAD_SECONDS <= 15 * 60
