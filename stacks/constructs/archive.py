"""Zip files that hold what they are given and nothing of when or where they were made."""

import compileall
import py_compile
import zipfile
from collections.abc import Mapping
from pathlib import Path

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_READABLE, _RUNNABLE = 0o644 << 16, 0o755 << 16
_PROGRAM = b"\x7fELF"


def write(contents: Mapping[str, bytes], target: Path) -> None:
    """Write *contents*, by path, as the zip file *target*; a program in a folder ``bin`` can be run."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(contents):
            entry = zipfile.ZipInfo(path, _LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _RUNNABLE if "/bin/" in path and contents[path].startswith(_PROGRAM) else _READABLE
            archive.writestr(entry, contents[path])


def read(folder: Path) -> dict[str, bytes]:
    """Every file below *folder*, by path."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def compile_python(folder: Path, mounted: str) -> None:
    """Add the bytecode of every module below *folder*, which Lambda will find at *mounted*.

    A function cannot write beside its layers, so without this each cold start compiles every module it imports. The bytecode is not
    checked against its source: both travel in one zip file.
    """
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, stripdir=str(folder), prependdir=mounted, invalidation_mode=mode)
