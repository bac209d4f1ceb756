"""What the runtime costs, each figure beside a floor measured in the same run: ``python -m tests.bench``.

Instructions are counted by valgrind (cachegrind without its cache simulation), because times on a shared machine swing by a factor of
two. Without valgrind, processor time stands in. Nothing here is deployed: ports are in memory, and the AWS of the cold start is a double.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from septet.bootstrap import Configuration
from tests.bench.world import BUNDLE, served

HEAVY = ("pydantic", "cedarpy", "opentelemetry", "fastjsonschema")
"""What an agent's cold path must not load."""
VALGRIND = shutil.which("valgrind")
EARLY, LATE = (5, 15), (495, 505)
"""Lengths of two turns; their difference is what the steps between cost."""
_COUNT = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
_ROOT = Path(__file__).parents[2]
_PATHS = {
    "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "layers/runtime/python")]),
    "PYTHONHASHSEED": "0",
    "PATH": os.environ["PATH"],
}


def run(module: str, *arguments: str, environment: Mapping[str, str] = {}) -> tuple[str, int]:
    """What the program printed last, and the instructions it took (microseconds of processor time without valgrind)."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]
    before = os.times()
    counted = [VALGRIND, *_COUNT, *command] if VALGRIND else command
    done = subprocess.run(counted, env={**_PATHS, **environment}, capture_output=True, text=True, check=True, cwd=_ROOT)
    after = os.times()
    told = done.stdout.splitlines()[-1] if done.stdout else ""
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    spent = (after.children_user + after.children_system - before.children_user - before.children_system) * 1_000_000
    return told, int(found[1].replace(",", "")) if found else round(spent)


def step(kind: str, between: tuple[int, int]) -> float:
    """Thousands of instructions (milliseconds without valgrind) of one step between two lengths of a turn."""
    few, many = (run("turn", kind, str(calls))[1] for calls in between)
    return (many - few) / (between[1] - between[0]) / 1000


def timed(kind: str, calls: int) -> dict[str, float]:
    """Processor time of a step and memory added by a turn, without valgrind."""
    command = [sys.executable, "-m", "tests.bench.turn", kind, str(calls)]
    done = subprocess.run(command, env=_PATHS, capture_output=True, text=True, check=True, cwd=_ROOT)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def steps(console: Console) -> None:
    """Print what a step costs."""
    console.print("A step of the turn: two entries around the model's reply, an intent and a result; every port in memory.")
    table = Table("", "floor", "septet", "goal")
    kinds = ("floor", "septet")
    for kind in kinds:
        run("turn", kind, "1")  # so that every module has its bytecode
    early, late = ({kind: step(kind, between) for kind in kinds} for between in (EARLY, LATE))
    short, long = ({kind: timed(kind, calls) for kind in kinds} for calls in (500, 5_000))
    unit = "k instructions" if VALGRIND else "ms"
    rows: list[tuple[str, Callable[[str], str], str]] = [
        (f"{unit} a step, of 10", lambda kind: f"{early[kind]:,.0f}", "300 k"),
        (f"{unit} a step, of 500", lambda kind: f"{late[kind]:,.0f}", "300 k"),
        ("growth from one to the other", lambda kind: f"{late[kind] / early[kind]:.2f}", "1.20"),
        ("microseconds a step, of 500", lambda kind: f"{short[kind]['microseconds']:.0f}", ""),
        ("MiB that 500 steps add", lambda kind: f"{short[kind]['kib'] / 1024:.1f}", "3.0"),
        ("microseconds a step, of 5,000", lambda kind: f"{long[kind]['microseconds']:.0f}", "no error"),
    ]
    for name, figure, goal in rows:
        table.add_row(name, *(figure(kind) for kind in kinds), goal)
    console.print(table)


def starts(console: Console) -> None:
    """Print what a cold start and a first turn cost."""
    console.print("\nA cold start: the runtime client, three AWS clients, and a first turn that calls one tool; its AWS is a double.")
    with served() as url, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bundle.json").write_text(json.dumps(BUNDLE))
        environment = {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1", "POWERTOOLS_SERVICE_NAME": "agent-adder"}
        environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        environment |= {f"SEPTET_{name.upper()}": "any" for name in Configuration.__slots__}
        run("start", "septet", folder, environment=environment)  # so that every module has its bytecode
        spent = {kind: run("start", kind, folder, environment=environment) for kind in ("empty", "floor", "septet")}
    table = Table("", "M instructions" if VALGRIND else "seconds", "of the floor", "goal")
    for kind, (_, count) in spent.items():
        table.add_row(kind, f"{count / 1_000_000:,.1f}", f"{count / spent['floor'][1]:.3f}", "1.150" if kind == "septet" else "")
    console.print(table)
    loaded = json.loads(spent["septet"][0])["modules"]
    found = [name for name in loaded if name.startswith(HEAVY)]
    console.print(f"{len(loaded)} modules loaded; of {', '.join(HEAVY)}: {', '.join(found) or 'none'}.")


if __name__ == "__main__":
    screen = Console()
    screen.print(
        "Instructions, counted by valgrind.\n" if VALGRIND else "valgrind is not installed: processor time stands in, and swings.\n"
    )
    steps(screen)
    starts(screen)
