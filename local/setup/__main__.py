"""`make setup`: bring everything to what the locked lists say, and say what was done and how long it took.

With `--suites` the environment of `make suites` as well, which nothing else needs.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from local.setup import environments, index, interpreter, node, uv
from local.setup.command import Commands
from local.setup.failure import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def step(text: str) -> Iterator[None]:
    """Say what goes on, and when it is done how long it took."""
    started = time.monotonic()
    print(f"setup: {text} … ", end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", flush=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one set-up at a time works on a checkout; another waits."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(root: Path, *, suites: bool) -> None:
    """Make whatever is not what the locked lists say."""
    wanted = (*environments.ENVIRONMENTS, environments.SUITES) if suites else environments.ENVIRONMENTS
    stale = [environment for environment in wanted if not environments.is_current(root, environment)]
    commands = Commands(root, root / uv.HOME / "setup.log", os.environ)
    if stale:
        with step("Python 3.13 and uv"):
            found = interpreter.find(os.environ)
            tool = uv.find_or_bring(commands, found)
            python = found or interpreter.find_or_fetch(commands, tool)
        print(f"setup: using {python} and {tool}", flush=True)
    for environment in stale:
        with step(f"{environment.folder} ({environment.purpose})"):
            environments.make(commands, environment, tool, python)
    if not index.is_current(root):
        with step("LocalStack's index of AWS's APIs"):
            index.make(commands)
    if not node.is_current(root):
        with step("Node's programs (CDK command, state machine validator)"):
            node.make(commands)


def main() -> int:
    """Set up; return the exit status."""
    started = time.monotonic()
    (ROOT / uv.HOME).mkdir(exist_ok=True)
    try:
        with alone(ROOT / uv.HOME):
            set_up(ROOT, suites="--suites" in sys.argv[1:])
    except SetupError as failed:
        print(f"setup: {failed.what}\nsetup: {failed.remedy}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nsetup: stopped; run `make setup` again to go on where it was.", file=sys.stderr)
        return 130
    print(f"setup: everything is in place ({time.monotonic() - started:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
