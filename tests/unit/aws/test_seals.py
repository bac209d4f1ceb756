"""What the adapters of seals make of S3's and KMS's answers that the twin does not give."""

import io
from typing import Any

import pytest
from botocore.exceptions import ClientError

from septet.aws.seals import S3Seals
from septet.aws.signing import KmsKey
from septet.core.errors import StoreUnavailable
from septet.core.seals import Leaf, Seal, Statement, root

LEAF = Leaf(run="run-1", path="main", number=4, hash="ab")
STATEMENT = Statement(
    tenant="acme", name="2026-11-22T20-000", at=1, number=0, previous="", root=root([LEAF]), leaves=1, through="", key="arn:key"
)
SEAL = Seal(statement=STATEMENT, signature=b"\x30", leaves=(LEAF,))


class Bucket:
    """S3 that answers everything with one error, or takes it."""

    class exceptions:  # noqa: N801 -- as a client has them
        NoSuchKey = KeyError

    def __init__(self, code: str = "", body: bytes = b"") -> None:
        self.code, self.body = code, body
        self.sent: dict[str, Any] = {}

    def put_object(self, **sent: Any) -> None:
        self.sent = sent
        if self.code:
            raise ClientError({"Error": {"Code": self.code}}, "PutObject")

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.body)}


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_where_another_seal_is_or_is_being_written_this_one_is_not(code: str) -> None:
    assert not S3Seals(Bucket(code), "seals").put(SEAL)


@pytest.mark.parametrize("code", ["AccessDenied", "InternalError", "SlowDown"])
def test_any_other_answer_is_trouble(code: str) -> None:
    with pytest.raises(StoreUnavailable, match=code):
        S3Seals(Bucket(code), "seals").put(SEAL)


def test_a_seal_is_written_only_where_none_is_and_with_a_checksum() -> None:
    bucket = Bucket()
    assert S3Seals(bucket, "seals").put(SEAL)
    assert (bucket.sent["Key"], bucket.sent["IfNoneMatch"]) == ("acme/2026-11-22T20-000.json", "*")
    assert bucket.sent["ChecksumAlgorithm"] == "SHA256"
    assert S3Seals(Bucket(body=bucket.sent["Body"]), "seals").get("acme", STATEMENT.name) == SEAL


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"version":1', b'"version":2'),
        (b'"algorithm":"ECDSA', b'"algorithm":"NONE'),
        (b'"at":1', b'"at":true'),
        (b'"leaves":1', b'"leaves":1.0'),
    ],
)
def test_a_statement_of_another_form_is_no_seal(old: bytes, new: bytes) -> None:
    bucket = Bucket()
    S3Seals(bucket, "seals").put(SEAL)
    assert old in bucket.sent["Body"]
    with pytest.raises(ValueError, match=r"version 1|no seal"):
        S3Seals(Bucket(body=bucket.sent["Body"].replace(old, new)), "seals").get("acme", STATEMENT.name)


class Keys:
    """KMS whose alias comes to mean another key."""

    def get_public_key(self, **_: Any) -> dict[str, Any]:
        return {"KeyId": "arn:first", "PublicKey": b"\x00" * 91}

    def sign(self, **_: Any) -> dict[str, Any]:
        return {"KeyId": "arn:second", "Signature": b"\x30"}


def test_a_seal_never_names_another_key_than_the_one_that_signed_it() -> None:
    with pytest.raises(RuntimeError, match="was changed from arn:first to arn:second"):
        KmsKey(Keys(), "alias/seals").sign(b"x")
