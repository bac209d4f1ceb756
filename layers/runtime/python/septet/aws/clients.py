"""boto3 clients, made once a process and when first needed."""

from functools import cache
from threading import Lock
from typing import Any

from botocore.config import Config

CONNECT_SECONDS = 2
READ_SECONDS = 10


_one_at_a_time = Lock()  # boto3's session is not made for threads, and the gateway calls tools in several


def client(service: str, read_seconds: int = READ_SECONDS, attempts: int = 4, region: str = "", *, signature: str | None = None) -> Any:
    """The client of *service*, with bounded waits: *read_seconds* for an answer, *attempts* in all. An empty *region* is the function's.

    *signature* is ``s3v4`` for whoever signs URLs: in old regions botocore would sign them in the way before, which KMS does not take.
    """
    with _one_at_a_time:
        return _client(service, read_seconds, attempts, region, signature)


def functions(seconds: int) -> Any:
    """The Lambda client that waits *seconds* for an answer, and asks once."""
    return client("lambda", read_seconds=seconds, attempts=1)


@cache
def _client(service: str, read_seconds: int, attempts: int, region: str, signature: str | None) -> Any:
    import boto3  # noqa: PLC0415 -- the heaviest import of a cold start, left out by whatever needs no client

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
        signature_version=signature,
    )
    return boto3.client(service, region_name=region or None, config=config)
