from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from local.setup import environments, stamps
from local.setup.command import Commands
from local.setup.environments import Environment
from local.setup.failure import SetupError

ENVIRONMENT = Environment(".venv", "lock.txt", ".", "a test's")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "lock.txt").write_text("something==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


def recording_uv(root: Path, verdict: str = "exit 0") -> str:
    """Write a stand-in for uv that notes its arguments, links a real Python on `venv`, and ends as told on `pip sync`."""
    uv = root / "uv"
    uv.write_text(
        f'#!/bin/sh\necho "$@" >> {root}/calls\n'
        f'case "$1 $2" in "venv --clear") mkdir -p {root}/.venv/bin; ln -sf {sys.executable} {root}/.venv/bin/python;;\n'
        f'"pip sync") {verdict};; esac\n'
    )
    uv.chmod(0o755)
    return str(uv)


def made(root: Path, uv: str) -> list[str]:
    (root / "calls").write_text("")
    environments.make(Commands(root, root / "log", os.environ), ENVIRONMENT, uv, sys.executable)
    return [" ".join(line.split()[:2]) for line in (root / "calls").read_text().splitlines()]


def test_a_new_environment_is_created_filled_from_the_lock_with_hashes_and_given_the_project(root: Path) -> None:
    assert made(root, recording_uv(root)) == ["venv --clear", "pip sync", "pip install"]
    calls = (root / "calls").read_text().splitlines()
    assert "--require-hashes" in calls[1]
    assert "--no-deps --no-build-isolation --editable" in calls[2]
    assert environments.is_current(root, ENVIRONMENT)


def test_a_working_environment_is_kept_and_only_brought_up_to_date(root: Path) -> None:
    uv = recording_uv(root)
    made(root, uv)
    (root / "lock.txt").write_text("something==2\n")
    assert not environments.is_current(root, ENVIRONMENT)
    assert made(root, uv) == ["pip sync", "pip install"]


@pytest.mark.parametrize("changed", ["lock.txt", "pyproject.toml"])
def test_a_change_of_any_input_makes_it_stale(root: Path, changed: str) -> None:
    made(root, recording_uv(root))
    (root / changed).write_text("other\n")
    assert not environments.is_current(root, ENVIRONMENT)


def test_an_environment_whose_python_is_gone_is_stale_and_made_anew(root: Path) -> None:
    uv = recording_uv(root)
    made(root, uv)
    (root / ".venv/bin/python").unlink()
    (root / ".venv/bin/python").symlink_to("/nowhere/python3.13")
    assert not environments.is_current(root, ENVIRONMENT)
    assert made(root, uv)[0] == "venv --clear"


def test_a_failed_installation_leaves_no_stamp_of_an_earlier_one(root: Path) -> None:
    made(root, recording_uv(root))
    with pytest.raises(SetupError, match=r"making \.venv: error: broken wheel"):
        made(root, recording_uv(root, verdict="echo error: broken wheel; exit 1"))
    assert not (root / ".venv" / stamps.NAME).exists()


def test_every_environment_names_a_lock_that_exists() -> None:
    repository = Path(__file__).parents[4]
    assert all((repository / environment.lock).is_file() for environment in (*environments.ENVIRONMENTS, environments.SUITES))
