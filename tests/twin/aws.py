"""How the tests on the twin talk to its AWS."""

import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config


def client(endpoint: str, service: str) -> Any:
    """Make a client of one of the twin's services, which says at once what went wrong."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=120, max_pool_connections=50, inject_host_prefix=False),
    )


def archive(files: dict[str, str]) -> bytes:
    """Pack files into a ZIP archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return packed.getvalue()


def until[T](question: Callable[[], T], seconds: float = 60) -> T:
    """Ask until the answer is true: AWS's APIs announce nothing."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return answer
