"""Stamps: what an installed folder was made from, so that a second set-up with the same inputs has nothing to do."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = ".septet-stamp"
RECIPE = Path(__file__).parent


def fingerprint(root: Path, inputs: Iterable[str]) -> str:
    """One hash over the named files of the repository and over set-up's own code; a missing file counts as such."""
    total = hashlib.sha256()
    for path in [*(root / name for name in sorted(inputs)), *sorted(RECIPE.glob("*.py"))]:
        content = path.read_bytes() if path.is_file() else b"(missing)"
        total.update(f"{path.name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return total.hexdigest()


def is_current(folder: Path, wanted: str) -> bool:
    """Whether `folder` carries the stamp `wanted`."""
    stamp = folder / NAME
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted


def remove(folder: Path) -> None:
    """Take the stamp away, so that an interrupted installation is not taken for a finished one."""
    stamp = folder / NAME
    if stamp.exists():
        stamp.unlink()


def write(folder: Path, value: str) -> None:
    """Put the stamp on a finished folder."""
    (folder / NAME).write_text(value, encoding="utf-8")
