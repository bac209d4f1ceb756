"""The Python environments, each exactly what its locked list says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from local.setup import stamps
from local.setup.interpreter import probe

if TYPE_CHECKING:
    from pathlib import Path

    from local.setup.command import Commands


class Environment(NamedTuple):
    """One virtual environment: its folder, its locked list, and the project installed editable in it, if any."""

    folder: str
    lock: str
    project: str | None
    purpose: str

    def inputs(self) -> list[str]:
        """Name the files that decide what is in it."""
        return [self.lock, f"{self.project}/pyproject.toml"] if self.project else [self.lock]


ENVIRONMENTS = (
    Environment(".venv", "requirements/dev.txt", ".", "command line, CDK app, doubles, checks"),
    Environment(".venv-twin", "requirements/twin.txt", "local/plugin", "LocalStack and our plug-in"),
    Environment(".venv-functions", "requirements/functions.txt", None, "what Lambda's runtime brings"),
)
SUITES = Environment(".venv-suites", "requirements/suites.txt", None, "AgentDojo, for `make suites` alone")


def is_current(root: Path, environment: Environment) -> bool:
    """Whether the environment was made from the inputs as they are now and its Python is still there."""
    folder = root / environment.folder
    return stamps.is_current(folder, stamps.fingerprint(root, environment.inputs())) and (folder / "bin" / "python").exists()


def make(commands: Commands, environment: Environment, uv: str, python: str) -> None:
    """Bring the environment to exactly what its inputs say, keeping what is right already."""
    root, folder = commands.root, commands.root / environment.folder
    own = folder / "bin" / "python"
    task = f"making {environment.folder}"
    if not (own.exists() and probe(str(own))):
        commands.run(task, [uv, "venv", "--clear", "--no-project", "--python", python, "--prompt", "septet", str(folder)])
    stamps.remove(folder)
    commands.run(task, [uv, "pip", "sync", "--require-hashes", "--python", str(own), environment.lock])
    if environment.project:
        # Without isolation the build back-end comes from the environment itself: nothing unlocked is fetched.
        editable = ["--no-deps", "--no-build-isolation", "--editable", str(root / environment.project)]
        commands.run(task, [uv, "pip", "install", "--python", str(own), *editable])
    stamps.write(folder, stamps.fingerprint(root, environment.inputs()))
