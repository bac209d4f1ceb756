"""A twin for the benchmarks: LocalStack, an emulator, with nothing deployed; beside any that is running, and stopped at the end."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.twin import aws
from local.twin.twin import Twin

ROOT = Path(__file__).parents[2]
PORTS = int(os.environ.get("SEPTET_PORT", "4771")), int(os.environ.get("SEPTET_DOUBLES_PORT", "4772"))


@contextmanager
def dynamodb(say: Callable[[str], None]) -> Iterator[Any]:
    """Its DynamoDB."""
    twin = Twin(ROOT / ".bench" / "twin", *PORTS, say=say)
    twin.down()
    twin.up()
    try:
        yield aws.client(twin.endpoint, "dynamodb")
    finally:
        twin.down()


def table(client: Any, name: str, *keys: tuple[str, str]) -> None:
    """Make an empty table with these keys."""
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for (key, _), kind in zip(keys, ("HASH", "RANGE"), strict=False)],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys],
        BillingMode="PAY_PER_REQUEST",
    )


def milliseconds(times: int, do: Callable[[int], object]) -> float:
    """The median of so many times."""
    spent = []
    for place in range(times):
        began = time.perf_counter()
        do(place)
        spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)
