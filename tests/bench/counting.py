"""Programs of this folder run in processes of their own, and what they took: instructions by valgrind, because times on a shared machine
swing by a factor of two. Without valgrind, processor time stands in."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
VALGRIND = shutil.which("valgrind")
UNIT = "instructions" if VALGRIND else "microseconds of processor time"
SECONDS = 300
"""Longer than this no program runs; one that does is said to."""
_COUNT = ["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
_OURS = (ROOT, ROOT / "layers/runtime/python")


def _environment(paths: tuple[Path, ...], more: Mapping[str, str]) -> dict[str, str]:
    where = os.pathsep.join(str(path) for path in (*_OURS, *paths))
    return {"PYTHONPATH": where, "PYTHONHASHSEED": "0", "PATH": os.environ["PATH"], "HOME": str(ROOT / ".bench"), **more}


def _command(module: str, arguments: tuple[str, ...], paths: tuple[Path, ...]) -> list[str]:
    alone = ["-S"] if paths else []  # with packages of its own it sees none of ours
    return [sys.executable, *alone, "-m", f"tests.bench.{module}", *arguments]


def told(module: str, *arguments: str, more: Mapping[str, str] = {}) -> str:
    """What the program printed last."""
    command = _command(module, arguments, ())
    done = subprocess.run(command, env=_environment((), more), capture_output=True, text=True, check=True, cwd=ROOT, timeout=SECONDS)
    return done.stdout.splitlines()[-1]


def counted(module: str, *arguments: str, paths: tuple[Path, ...] = (), more: Mapping[str, str] = {}) -> tuple[str, int]:
    """What the program printed last, and what it took."""
    command = _command(module, arguments, paths)
    before = os.times()
    done = subprocess.run(
        [VALGRIND, *_COUNT, *command] if VALGRIND else command,
        env=_environment(paths, more),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        timeout=SECONDS,
    )
    after = os.times()
    last = done.stdout.splitlines()[-1] if done.stdout else ""
    found = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    spent = (after.children_user + after.children_system - before.children_user - before.children_system) * 1_000_000
    return last, int(found[1].replace(",", "")) if found else round(spent)


def taken(stack: str, calls: int, *, paths: tuple[Path, ...] = ()) -> dict[str, Any]:
    """What a turn of *calls* cost by its own clock, without valgrind, or the error it ended in."""
    command = _command("turn", (stack, str(calls)), paths)
    try:
        done = subprocess.run(command, env=_environment(paths, {}), capture_output=True, text=True, check=True, cwd=ROOT, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return {"error": f"not done after {SECONDS} seconds"}
    except subprocess.CalledProcessError as error:
        return {"error": (error.stderr.splitlines() or ["it ended"])[-1][:120]}
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def step(stack: str, between: tuple[int, int], *, paths: tuple[Path, ...] = ()) -> float:
    """What one step takes, from turns of two lengths."""
    few, many = (counted("turn", stack, str(calls), paths=paths)[1] for calls in between)
    return (many - few) / (between[1] - between[0])
