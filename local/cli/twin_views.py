"""The twin as a terminal shows it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.cli.run_views import to_type
from local.cli.style import LABEL, NAME
from local.twin.deployed import Deployed
from local.twin.status import ModelStatus, PartStatus, Status

_MEBIBYTE = 1024 * 1024
_BACKENDS = {
    "scenario": "a scenario file answers",
    "forward": "a real model answers, behind an OpenAI-compatible server",
}


def status(found: Status, *, whole: bool = False) -> RenderableType:
    """Parts, model, deployment, and what the emulator only pretends to have: by name, with the reasons when *whole*."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=12)
    grid.add_column(overflow="fold")
    for label, what in _rows(found, whole=whole):
        grid.add_row(Text(label, style=NAME), what)
    return Group(grid, Text(), *_next(found))


def model(found: ModelStatus | None) -> Text:
    """Who answers the agents' model calls."""
    if found is None:
        return Text("nobody: the doubles server does not answer", style="red")
    said = _BACKENDS.get(found.backend, found.backend)
    return Text(said, style="yellow" if found.backend == "scenario" else "").append(f"\n{found.detail}", style=LABEL)


def document(found: Status) -> dict[str, Any]:
    """The same for programs."""
    deployed = found.deployed
    return {
        "home": str(found.home),
        "healthy": found.healthy,
        "parts": [
            {
                "name": part.name,
                "address": part.address,
                "running": part.running,
                "healthy": part.healthy,
                "pid": part.pid,
                "since": part.since.isoformat() if part.since else None,
                "memory_bytes": part.memory,
                "detail": part.detail,
            }
            for part in found.parts
        ],
        "functions": {"processes": found.handlers, "memory_bytes": found.handlers_memory},
        "model": {"backend": found.model.backend, "double": found.model.backend == "scenario", "detail": found.model.detail}
        if found.model
        else None,
        "deployed": {
            "at": deployed.at.isoformat(),
            "api": deployed.api,
            "stacks": list(deployed.stacks),
            "policies": "shadow" if deployed.shadow else "enforce",
        }
        if deployed
        else None,
        "not_emulated": [{"type": one.type, "reason": one.reason} for one in found.not_emulated],
    }


def _rows(found: Status, *, whole: bool) -> Iterator[tuple[str, RenderableType]]:
    for part in found.parts:
        yield part.name, _part(part)
    if found.handlers:
        yield "functions", Text(f"{found.handlers} processes of Lambda functions, {found.handlers_memory // _MEBIBYTE} MiB")
    if any(part.running for part in found.parts):
        yield "models", model(found.model)
    yield "deployed", _deployed(found.deployed)
    if found.deployed and found.deployed.shadow:
        yield "policies", Text("in shadow: they write what they would deny or ask, and stop nothing", style="yellow")
    yield "state", Text(str(found.home))
    if found.healthy:
        yield from _not_real(found, whole=whole)


def _not_real(found: Status, *, whole: bool) -> Iterator[tuple[str, RenderableType]]:
    if not whole and found.not_emulated:
        names = ", ".join(one.type for one in found.not_emulated)
        yield "not real", Text(names).append("\nthe reasons: septet status --all", style=LABEL)
        return
    for number, one in enumerate(found.not_emulated):
        yield "" if number else "not real", Text(one.type).append(f"\n{one.reason}", style=LABEL)


def _part(part: PartStatus) -> Text:
    state = "healthy" if part.healthy else "does not answer" if part.running else "down"
    text = Text(state, style="green" if part.healthy else "red").append(f"  {part.address}", style="default")
    if part.running:
        text.append(f"\n{part.detail}\npid {part.pid}, {part.memory // _MEBIBYTE} MiB, since {_clock(part.since)}", style=LABEL)
    return text


def _deployed(found: Deployed | None) -> Text:
    if found is None:
        return Text("nothing")
    return Text(", ".join(found.stacks)).append(f"\n{found.api}\nlast at {_clock(found.at)}", style=LABEL)


def _next(found: Status) -> Iterator[RenderableType]:
    if not found.healthy:
        yield to_type("septet up", before="fix: ")
    elif found.deployed is None:
        yield to_type("septet deploy", before="Deploy to it: ")
    else:
        yield to_type('septet run support "Where is my order A-1001?"', before="Try it: ")


def _clock(moment: datetime | None) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else "?"
