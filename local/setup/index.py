"""LocalStack's index of AWS's APIs, made once: without it every start of the twin reads all of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from local.setup import stamps

if TYPE_CHECKING:
    from pathlib import Path

    from local.setup.command import Commands

FILESYSTEM = ".venv-twin/filesystem"
FOLDER = "usr/lib/localstack"
INPUTS = ["requirements/twin.txt"]


def is_current(root: Path) -> bool:
    """Whether the index was made for the LocalStack that is installed."""
    return stamps.is_current(root / FILESYSTEM, stamps.fingerprint(root, INPUTS))


def make(commands: Commands) -> None:
    """Make the index anew."""
    filesystem = commands.root / FILESYSTEM
    shutil.rmtree(str(filesystem), ignore_errors=True)
    (filesystem / FOLDER).mkdir(parents=True)
    # LocalStack takes many machines for its container, and would then write outside the repository.
    where = {"FILESYSTEM_ROOT": str(filesystem), "OVERRIDE_IN_DOCKER": "0"}
    commands.run("indexing AWS's APIs", [str(commands.root / ".venv-twin/bin/python"), "-m", "localstack.aws.spec"], where)
    stamps.write(filesystem, stamps.fingerprint(commands.root, INPUTS))
