"""Clients of the twin's AWS. Its credentials are made up: the emulator checks none."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
ACCOUNT = "000000000000"
MADE_UP = "test"
_CONFIG = Config(
    retries={"total_max_attempts": 1},  # an emulator on this machine does not fail by chance
    s3={"addressing_style": "path"},  # a bucket in the host's name would need DNS
    inject_host_prefix=False,  # the same
    proxies={},
    read_timeout=120,
    max_pool_connections=50,
)


def client(endpoint: str, service: str) -> Any:
    """Make a client of one of the twin's services."""
    session = boto3.Session(aws_access_key_id=MADE_UP, aws_secret_access_key=MADE_UP, region_name=REGION)
    return session.client(service, endpoint_url=endpoint, config=_CONFIG)


def cloudformation(endpoint: str) -> "CloudFormationClient":
    """Make a client of CloudFormation."""
    found: CloudFormationClient = client(endpoint, "cloudformation")
    return found


def s3(endpoint: str) -> "S3Client":
    """Make a client of S3."""
    found: S3Client = client(endpoint, "s3")
    return found
