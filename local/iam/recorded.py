"""Reading what the twin recorded: which role made which AWS call."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class RecordError(ValueError):
    """The record is incomplete, so it proves nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """One AWS call."""

    role: str
    """The ARN of the role that made it."""
    service: str
    """As botocore names it; of calls to the model server, as they are signed."""
    operation: str
    """Of calls to the model server: method and path."""
    about: Mapping[str, Any]
    """What it was done to, as the plug-in wrote it (septet_plugin/recording.py)."""


def read(folder: Path) -> list[Recorded]:
    """Every call in the record of a twin. Raises RecordError when something was lost, or there is nothing."""
    lines = [*_lines(folder / "localstack.jsonl")]
    if lost := [line["lost"] for line in lines if "lost" in line]:
        raise RecordError(f"the record lacks calls: {lost[0]}")
    roles = {line["key"]: line["role"] for line in lines if "key" in line}
    found = [Recorded(**line) for line in lines if "operation" in line]
    found += [_model_call(line, roles) for line in _lines(folder / "doubles.jsonl") if line["key"] in roles]
    if not found:
        raise RecordError(f"{folder} holds no calls: start a run on the twin first")
    return found


def _lines(file: Path) -> Iterator[Mapping[str, Any]]:
    if file.exists():
        yield from map(json.loads, file.read_text().splitlines())


def _model_call(line: Mapping[str, str], roles: Mapping[str, str]) -> Recorded:
    operation = f"{line['method']} {line['path']}"
    return Recorded(role=roles[line["key"]], service=line["service"], operation=operation, about={"region": line["region"]})
