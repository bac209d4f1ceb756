"""Finding a Python 3.13 that really runs: a name on PATH may be a shim that only prints an error."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup.failure import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from local.setup.command import Commands

WANTED = "3.13"
# It must have ssl, for the servers speak to AWS. Inside a virtual environment it names the interpreter beneath.
QUESTION = "import ssl, sys; print('%d.%d' % sys.version_info[:2], getattr(sys, '_base_executable', sys.executable))"


def candidates(environ: Mapping[str, str]) -> Iterator[str]:
    """Files that may be a Python 3.13, likeliest first: on PATH under two names, then in pyenv's folder."""
    folders = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    for name in (f"python{WANTED}", "python3"):
        for folder in folders:
            path = Path(folder) / name
            if path.is_file() and os.access(str(path), os.X_OK):
                yield str(path)
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/")) / ".pyenv")
    versions = sorted((pyenv / "versions").glob(f"{WANTED}.*"), key=_patch_level, reverse=True)
    yield from (str(version / "bin" / f"python{WANTED}") for version in versions)


def _patch_level(version: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.name))


def probe(path: str) -> str | None:
    """Return the base interpreter behind `path` when that runs, is the wanted version and has ssl; else None."""
    try:
        answer = subprocess.run(
            [path, "-c", QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=20,
            check=False,
            encoding="utf-8",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version, _, executable = answer.stdout.strip().partition(" ")
    return executable if version == WANTED else None


def find(environ: Mapping[str, str], ask: Callable[[str], str | None] = probe) -> str | None:
    """Return the first candidate that answers, or None."""
    return next((found for found in map(ask, candidates(environ)) if found), None)


def find_or_fetch(commands: Commands, uv: str, ask: Callable[[str], str | None] = probe) -> str:
    """Return a Python that uv knows, or one that it downloads; raise `SetupError`, saying what to install, when there is none."""
    for arguments in (["python", "find", WANTED], ["python", "install", WANTED], ["python", "find", "--managed-python", WANTED]):
        try:
            answer = commands.run(f"looking for Python {WANTED}", [uv, *arguments])
        except SetupError:
            continue
        found = ask(answer.strip().splitlines()[-1]) if answer.strip() else None
        if found:
            return found
    raise SetupError(
        f"There is no working Python {WANTED} here, and it could not be downloaded.",
        f"Install it (a package python{WANTED} of your system, `pyenv install {WANTED}`, or python.org), then run `make setup` again.",
    )
