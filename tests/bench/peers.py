"""The same work by other frameworks, each installed by name into an environment of its own under .bench/."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.counting import ROOT, UNIT, counted, step, taken
from tests.bench.sheet import Sheet

WANTED = Path(__file__).with_name("peers.txt")
PLACE = ROOT / ".bench" / "peers"
BETWEEN = (5, 25)


def measure(say: Callable[[str], None]) -> Sheet:
    """Install what is missing, and count."""
    sheet = Sheet(
        title="Beside other frameworks",
        about=(
            "One agent, one tool, a system prompt of 1 KB, and a model that takes no time: N tool calls, then an answer. Loading is "
            "that of interpreter and framework, without an AWS client. Growth is the processor time of the last steps against the first. "
            "Ours does more (journal, ledger, gateway); none of the others keeps anything durable here."
        ),
        head=("", f"k {UNIT} a step", "of the floor", "growth to 500", "growth to 5,000", "MiB for 500", f"M {UNIT} to load"),
    )
    floor = 0.0
    for name, pins in {"floor": [], "septet": [], **_wanted()}.items():
        say(name)
        paths, why = _installed(name, pins)
        row, each = (_row(name, paths, floor)) if not why else ([f"missing: {why}", *[""] * 5], 0.0)
        floor = floor or each
        sheet.rows.append((" ".join(pins) or name, *row))
    return sheet


def _wanted() -> dict[str, list[str]]:
    lines = [line.split() for line in WANTED.read_text().splitlines() if line and not line.startswith("#")]
    return {name: pins for name, *pins in lines}


def _installed(name: str, pins: list[str]) -> tuple[tuple[Path, ...], str]:
    """Where *pins* lie, or why they do not."""
    if not pins:
        return (), ""
    place = PLACE / name
    uv = shutil.which("uv", path=f"{ROOT / '.uv/bin'}") or shutil.which("uv")
    if place.exists():
        return (place,), ""
    if not uv:
        return (), "there is no uv; make setup brings it"
    done = subprocess.run([uv, "pip", "install", "--quiet", "--target", place, *pins], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(place, ignore_errors=True)
        return (), (done.stderr.strip().splitlines() or ["it cannot be installed"])[-1][:120]
    return (place,), ""


def _row(name: str, paths: tuple[Path, ...], floor: float) -> tuple[list[str], float]:
    taken(name, 3, paths=paths)  # so that every module has its bytecode, those that are loaded late too
    load = counted("turn", name, "0", paths=paths)[1]
    each = step(name, BETWEEN, paths=paths)
    short, long = (taken(name, calls, paths=paths) for calls in (500, 5_000))
    figures = [f"{each / 1000:,.0f}", f"{each / (floor or each):.1f}", _growth(short), _growth(long)]
    return [*figures, f"{short['kib'] / 1024:.1f}" if "kib" in short else "", f"{load / 1_000_000:,.0f}"], each


def _growth(measured: dict[str, Any]) -> str:
    return measured.get("error") or f"{measured['growth']:.1f}"
