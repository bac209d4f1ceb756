"""Finding uv, or bringing it: our own copy lives in `.uv/`, in the version that the locked list of the CDK app names."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from local.setup.failure import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from local.setup.command import Commands

OLDEST = (0, 9)  # the first line whose `pip sync` and `python find` we have run
HOME = ".uv"
LOCK = "requirements/cdk.txt"


def find_or_bring(commands: Commands, python: str | None) -> str:
    """Return the path of a uv that works: the machine's when it is new enough, else ours, made with `python` or the running Python."""
    ours = str(commands.root / HOME / "bin" / "uv")
    machines = shutil.which("uv", path=commands.environ.get("PATH"))
    for path in (ours, machines):
        # The uv inside an activated `.venv` is about to be replaced, so it cannot do the replacing.
        if path and version(path) >= OLDEST and not path.startswith(str(commands.root / ".venv")):
            return path
    return _bring(commands, python or sys.executable)


def version(path: str) -> tuple[int, ...]:
    """Return the version of the uv at `path` as numbers, or () when it does not run."""
    try:
        answer = subprocess.run([path, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, encoding="utf-8")
    except OSError:
        return ()
    found = re.match(r"uv (\d+)\.(\d+)\.(\d+)", answer.stdout)
    return tuple(int(number) for number in found.groups()) if found else ()


def pinned(lock: str) -> str:
    """Return the lines of a locked list that name uv and its hashes; raise `SetupError` when it does not name uv."""
    found = re.search(r"^uv==\S+ \\\n(?:\s+--hash=\S+(?: \\)?\n)+", lock, flags=re.MULTILINE)
    if not found:
        raise SetupError(f"{LOCK} names no uv with hashes.", "Restore that file from git.")
    return found.group(0)


def _bring(commands: Commands, python: str) -> str:
    home: Path = commands.root / HOME
    wanted = home / "requirements.txt"
    wanted.write_text(pinned((commands.root / LOCK).read_text(encoding="utf-8")), encoding="utf-8")
    try:
        commands.run("making a private environment for uv", [python, "-m", "venv", "--clear", str(home / "venv")])
    except SetupError as cause:
        raise SetupError(
            f"{python} cannot make a virtual environment.",
            "Install its venv module (on Debian or Ubuntu: `apt install python3-venv`) or uv itself, then run `make setup` again.",
        ) from cause
    pip = [str(home / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    commands.run("fetching uv", [*pip, "--require-hashes", "-r", str(wanted)])
    (home / "bin").mkdir(exist_ok=True)
    link = home / "bin" / "uv"
    if link.is_symlink():
        link.unlink()
    link.symlink_to("../venv/bin/uv")
    return str(link)
