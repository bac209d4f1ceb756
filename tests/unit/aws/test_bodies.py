import base64
import io
import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from septet.aws.bodies import S3Bodies
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch

KEY = "arn:aws:kms:eu-west-1:000000000000:alias/septet-test-bodies"
BRANCH = Branch(tenant="acme", run="run-1", path="specialist")
AT = {"Bucket": "bodies", "Key": "acme/run-1/abc123"}


@pytest.fixture
def s3() -> Any:
    """A client that sends nothing."""
    retries: Any = {"total_max_attempts": 1}
    return boto3.client(
        "s3", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test", config=Config(retries=retries)
    )


@pytest.fixture
def answers(s3: Any) -> Any:
    with Stubber(s3) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_body_is_encrypted_with_our_key_in_the_context_of_its_tenant(s3: Any, answers: Stubber) -> None:
    context = base64.b64encode(json.dumps({"tenant": "acme"}, separators=(",", ":")).encode()).decode()
    asked = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": KEY, "SSEKMSEncryptionContext": context}
    answers.add_response("put_object", {}, {**AT, **asked, "Body": b"{}", "ContentType": ANY})
    S3Bodies(lambda: s3, "bodies", KEY).put(BRANCH, "abc123", b"{}")


def test_a_body_is_read_by_its_digest(s3: Any, answers: Stubber) -> None:
    answers.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"{}"), 2)}, AT)
    assert S3Bodies(lambda: s3, "bodies", KEY).get(BRANCH, "abc123") == b"{}"


def test_a_missing_body_is_none_and_a_forbidden_one_is_unavailable(s3: Any, answers: Stubber) -> None:
    bodies = S3Bodies(lambda: s3, "bodies", KEY)
    answers.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert bodies.get(BRANCH, "abc123") is None
    answers.add_client_error("get_object", "AccessDenied", http_status_code=403)
    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        bodies.get(BRANCH, "abc123")
