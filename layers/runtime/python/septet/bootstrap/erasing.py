"""Erasing content."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.settings import now, settings
from septet.bootstrap.stores import runs

if TYPE_CHECKING:
    from septet.orchestration.erasing import Eraser


@cache
def eraser() -> "Eraser":
    """Whoever erases content."""
    from septet.aws.clients import client
    from septet.aws.erasing import DynamoContents
    from septet.orchestration.erasing import Eraser

    tables = {name: getattr(settings(), f"{name}_table") for name in ("journal", "runs", "effects", "approvals", "inquiries", "files")}
    contents = DynamoContents(client("dynamodb"), client("s3"), tables=tables, bucket=settings().bodies_bucket)
    return Eraser(contents=contents, runs=runs(), clock=now)
