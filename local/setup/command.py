"""Running other programs, with everything they print kept in one log file."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from local.setup.failure import explain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Commands:
    """Runs programs in the repository's folder; `environ` is what they see, `log` the file that takes their output."""

    def __init__(self, root: Path, log: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.log = log
        self.environ = dict(environ)

    def run(self, task: str, arguments: Sequence[str], extra: Mapping[str, str] | None = None) -> str:
        """Run a program to its end and return what it printed; raise `SetupError`, naming `task`, when it fails."""
        finished = subprocess.run(
            list(arguments),
            cwd=str(self.root),
            env={**self.environ, **(extra or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(arguments)}\n{finished.stdout}\n")
        if finished.returncode != 0:
            raise explain(task, finished.stdout, str(self.log))
        return finished.stdout
