"""Layers: what is in them, and that nothing is built twice."""

import importlib.util
import os
import time
import zipfile
from pathlib import Path

import pytest

from stacks.constructs import archive
from stacks.constructs.wheels import WheelsError, Workshop

REAL = Path(__file__).parents[2]
PLATFORM = "x86_64-manylinux_2_28"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "runtime" / "python"
    (folder / "ours" / "__pycache__").mkdir(parents=True)
    (folder / "ours" / "__init__.py").write_text("WORD = 'here'\n")
    (folder / "ours" / "__pycache__" / "stale.cpython-313.pyc").write_bytes(b"stale")
    return folder


def names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as zipped:
        return zipped.namelist()


def test_the_package_lies_where_lambda_looks_for_it(tmp_path: Path, package: Path) -> None:
    built = Workshop(cache=tmp_path / "cache").package(package)
    assert names(built.path) == ["python/ours/__init__.py", "python/ours/__pycache__/__init__.cpython-313.pyc"]


def test_bytecode_is_used_as_it_is_and_says_where_lambda_has_the_source(tmp_path: Path, package: Path) -> None:
    built = Workshop(cache=tmp_path / "cache").package(package)
    with zipfile.ZipFile(built.path) as zipped:
        bytecode = zipped.read("python/ours/__pycache__/__init__.cpython-313.pyc")
    assert bytecode[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(bytecode[4:8], "little") == 0b01, (
        "hash-based and unchecked: the mark of bytecode that is never compared with its source"
    )
    assert b"/opt/python/ours/__init__.py" in bytecode


def test_nothing_is_built_twice(tmp_path: Path, package: Path) -> None:
    workshop = Workshop(cache=tmp_path / "cache")
    first = workshop.package(package)
    made = first.path.stat().st_mtime_ns
    (package / "ours" / "__init__.py").touch()
    assert workshop.package(package) == first
    assert first.path.stat().st_mtime_ns == made


def test_what_changed_is_built_anew(tmp_path: Path, package: Path) -> None:
    workshop = Workshop(cache=tmp_path / "cache")
    first = workshop.package(package)
    (package / "ours" / "__init__.py").write_text("WORD = 'there'\n")
    assert workshop.package(package).key != first.key


def test_what_was_built_long_ago_is_forgotten(tmp_path: Path, package: Path) -> None:
    workshop = Workshop(cache=tmp_path / "cache")
    old = workshop.package(package).path
    os.utime(old, (time.time() - 30 * 24 * 3600,) * 2)
    (package / "ours" / "more.py").write_text("")
    new = workshop.package(package).path
    assert (old.exists(), new.exists()) == (False, True)


def test_the_cache_keeps_itself_out_of_git(tmp_path: Path, package: Path) -> None:
    Workshop(cache=tmp_path / "cache").package(package)
    assert (tmp_path / "cache" / ".gitignore").read_text() == "*\n"


def test_a_list_without_hashes_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "core" / "requirements.txt"
    listed.parent.mkdir()
    listed.write_text("jmespath==1.1.0\n")
    with pytest.raises(WheelsError, match=r"requirements\.txt could not be installed for x86_64.*\n.*hash"):
        Workshop(cache=tmp_path / "cache").wheels(listed, platform=PLATFORM)
    assert not list((tmp_path / "cache").glob("*.zip"))


def test_one_list_for_two_platforms_is_two_layers(tmp_path: Path) -> None:
    listed = tmp_path / "core" / "requirements.txt"
    listed.parent.mkdir()
    listed.write_text("# nothing\n")
    workshop = Workshop(cache=tmp_path / "cache")
    built = [workshop.wheels(listed, platform=platform) for platform in (PLATFORM, "aarch64-manylinux_2_28")]
    assert built[0].key != built[1].key


def test_all_layers_of_a_function_fit_lambda() -> None:
    workshop = Workshop(cache=REAL / ".layers")
    ours = workshop.package(REAL / "layers" / "runtime" / "python")
    for listed in sorted((REAL / "layers" / "dependencies").glob("*/requirements.txt")):
        theirs = workshop.wheels(listed, platform=PLATFORM)
        assert ours.megabytes + theirs.megabytes < 250
        assert any(name.endswith(".dist-info/METADATA") for name in names(theirs.path)), "some packages read their own metadata"


def test_an_archive_tells_nothing_of_when_or_where_it_was_made(tmp_path: Path) -> None:
    contents = {"b/c.py": b"2", "a.py": b"1"}
    archive.write(contents, tmp_path / "one.zip")
    archive.write(dict(reversed(contents.items())), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as zipped:
        assert [(entry.filename, entry.external_attr >> 16) for entry in zipped.infolist()] == [("a.py", 0o644), ("b/c.py", 0o644)]
