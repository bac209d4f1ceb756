"""Reads the file of a batch, row by row, and writes beside it what is to be done and where it stands."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from septet.bootstrap import batches
from septet.entry.guard import guarded
from septet.entry.logs import logger

log = logger()


@guarded
def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
    """Take ``{"tenant", "run"}``, answer the counts, where the manifest is, and how many rows are worked on at once."""
    workflows = json.loads(Path(__file__).with_name("workflows.json").read_bytes())
    batch = batches.batch(event["tenant"], event["run"])
    prepared = batches.preparing(workflows).prepare(batch)
    log.info("file read", extra={"run": event["run"], "rows": prepared.rows, "left": prepared.left, "rejected": prepared.rejected})
    return asdict(prepared) | {"concurrency": batch.concurrency}
