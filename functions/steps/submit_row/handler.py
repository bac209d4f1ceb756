"""Submits the run of one row of a batch, and notes the token of the map's child, which waits until that run has ended."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from septet.bootstrap import batches
from septet.entry.guard import guarded
from septet.orchestration.batches.working import Task


@cache
def _working() -> Any:
    return batches.working(json.loads(Path(__file__).with_name("workflows.json").read_bytes()))


@guarded
def handler(event: Mapping[str, Any], _: object) -> None:
    """Take ``{"tenant", "run", "row", "from", "to", "token"}``, the numbers also as texts, which a CSV has."""
    task = Task(number=int(event["row"]), start=int(event["from"]), end=int(event["to"]), token=event["token"])
    _working().work(batches.batch(event["tenant"], event["run"]), task)
