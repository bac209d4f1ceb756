"""What runs, where, since when, and who answers for the models."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from local.twin import health, processes, record
from local.twin.deployed import Deployed
from local.twin.not_emulated import NotEmulated
from local.twin.parts import DOUBLES, LOCALSTACK, Part


@dataclass(frozen=True, kw_only=True)
class PartStatus:
    """One server."""

    name: str
    address: str
    running: bool
    healthy: bool
    pid: int | None
    since: datetime | None
    memory: int
    """Resident bytes."""
    detail: str
    """What it says of itself, or where to read why it does not."""


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """Who answers the agents' model calls."""

    backend: str
    """`scenario`: a double that plays a script; `forward`: a real model behind an OpenAI-compatible server."""
    detail: str


@dataclass(frozen=True, kw_only=True)
class Status:
    """The twin as it is now."""

    home: Path
    parts: tuple[PartStatus, ...]
    handlers: int
    """Processes of Lambda handlers."""
    handlers_memory: int
    """Resident bytes of those."""
    model: ModelStatus | None
    """None when the doubles server does not answer."""
    deployed: Deployed | None
    not_emulated: tuple[NotEmulated, ...]
    """What of AWS is not real here, with the reasons."""

    @property
    def healthy(self) -> bool:
        """Whether every part can be used."""
        return all(part.healthy for part in self.parts)


def part_status(part: Part, running: record.Running | None) -> tuple[PartStatus, Any]:
    """Look at one part. The second value is what its health path answered, or None."""
    process = running.process() if running else None
    answer = health.ask(part.address + part.health) if process else None
    status = PartStatus(
        name=part.name,
        address=part.address,
        running=process is not None,
        healthy=answer is not None,
        pid=process.pid if process else None,
        since=datetime.fromtimestamp(running.started, tz=UTC) if running and process else None,
        memory=memory([process] if process else []),
        detail=_detail(part, process, answer),
    )
    return status, answer


def model_status(answer: Any) -> ModelStatus | None:
    """Read the doubles server's own word on which back-end answers."""
    model = answer.get("model", {}) if isinstance(answer, dict) else {}
    return ModelStatus(backend=str(model["backend"]), detail=str(model.get("detail", ""))) if "backend" in model else None


def memory(found: list[psutil.Process]) -> int:
    """Return the resident bytes of processes; those that have gone count nothing."""
    total = 0
    for process in found:
        if processes.is_alive(process):
            total += process.memory_info().rss
    return total


def _detail(part: Part, process: psutil.Process | None, answer: Any) -> str:
    if answer is None:
        return f"does not answer; read {part.log}" if process else "not running"
    if part.name == LOCALSTACK:
        used = sorted(name for name, state in answer.get("services", {}).items() if state == "running")
        return f"LocalStack {answer.get('version', '?')}, an emulator; services in use: {', '.join(used) or 'none yet'}"
    if part.name == DOUBLES:
        return "model server, token issuer and collector of traces, all doubles"
    return "answers"
