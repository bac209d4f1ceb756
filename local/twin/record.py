"""The record of what runs: written before a part is healthy, so that a later command finds it whatever happens to this one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import psutil

from local.twin import files, processes

_LAST_PID = 2**31 - 1
_LAST_PORT = 65535


@dataclass(frozen=True, kw_only=True)
class Running:
    """One part that was started."""

    pid: int
    started: float
    """When the process started, in Unix seconds: a pid alone may be another's by now."""
    port: int

    def process(self) -> psutil.Process | None:
        """Return its process, or None when that has ended."""
        return processes.find(self.pid, self.started)


def read(path: Path) -> dict[str, Running] | None:
    """Return what was started, by part; None when the record cannot be read."""
    content = files.read_json(path)
    if content is None:
        return None if path.exists() else {}
    try:
        return {str(part): _running(one) for part, one in content.items()}
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
        return None


def _running(one: Mapping[str, Any]) -> Running:
    """Read one part. Raise ValueError for numbers that no process and no port has."""
    found = Running(pid=int(one["pid"]), started=float(one["started"]), port=int(one["port"]))
    if not (0 < found.pid <= _LAST_PID and 0 < found.port <= _LAST_PORT and isfinite(found.started)):
        raise ValueError(one)
    return found


def write(path: Path, running: Mapping[str, Running]) -> None:
    """Replace the record."""
    files.write_json(path, {part: asdict(one) for part, one in running.items()})
