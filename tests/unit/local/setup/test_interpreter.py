from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from local.setup import interpreter
from local.setup.command import Commands
from local.setup.failure import SetupError


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def python_313(path: Path) -> Path:
    """Stand-in for an interpreter: the test's own Python, which is 3.13, under another name."""
    return program(path, f'exec {sys.executable} "$@"')


def test_a_shim_that_only_prints_an_error_is_passed_over_for_one_that_runs(tmp_path: Path) -> None:
    program(tmp_path / "shims" / "python3.13", "echo 'python3.13: command not found' >&2; exit 127")
    python_313(tmp_path / "later" / "python3.13")
    environ = {"PATH": f"{tmp_path}/shims:{tmp_path}/later", "HOME": str(tmp_path)}
    assert interpreter.find(environ) == sys._base_executable  # type: ignore[attr-defined]  # CPython has it


def test_another_version_called_python3_is_not_taken(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "python3", "echo 3.11 /usr/bin/python3")
    assert interpreter.find({"PATH": f"{tmp_path}/bin", "HOME": str(tmp_path)}) is None


def test_pyenvs_newest_patch_is_asked_first(tmp_path: Path) -> None:
    for patch in ("3.13.2", "3.13.10", "3.12.9"):
        (tmp_path / "pyenv" / "versions" / patch).mkdir(parents=True)
    found = list(interpreter.candidates({"PATH": "", "PYENV_ROOT": str(tmp_path / "pyenv")}))
    assert [Path(path).parts[-3] for path in found] == ["3.13.10", "3.13.2"]


def test_pyenv_under_the_home_folder_is_found_without_its_variable(tmp_path: Path) -> None:
    python_313(tmp_path / ".pyenv" / "versions" / "3.13.0" / "bin" / "python3.13")
    assert interpreter.find({"PATH": "", "HOME": str(tmp_path)}) is not None


def test_without_any_python_313_the_error_says_what_to_install(tmp_path: Path) -> None:
    uv = program(tmp_path / "uv", "echo 'error: No interpreter found' >&2; exit 2")
    with pytest.raises(SetupError, match=r"no working Python 3\.13") as caught:
        interpreter.find_or_fetch(Commands(tmp_path, tmp_path / "log", os.environ), str(uv))
    assert "Install it" in caught.value.remedy


def test_a_python_that_uv_downloads_is_used(tmp_path: Path) -> None:
    downloaded = tmp_path / "managed" / "python3.13"
    uv = program(
        tmp_path / "uv",
        f'case "$2" in install) mkdir -p {downloaded.parent}; touch {downloaded};; esac\n[ -e {downloaded} ] && echo {downloaded}',
    )
    commands = Commands(tmp_path, tmp_path / "log", os.environ)
    assert interpreter.find_or_fetch(commands, str(uv), ask=lambda path: path if Path(path).exists() else None) == str(downloaded)
