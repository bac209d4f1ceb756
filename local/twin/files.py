"""Files that are read while others write them: replaced whole, or locked."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from local.twin.errors import TwinError


def write_json(path: Path, value: Any) -> None:
    """Replace a file's content in one step: a reader sees the old or the new, never half. Raise TwinError when it cannot be."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        new.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise _unusable(path, error) from error


def read_json(path: Path) -> Any:
    """Return a file's content, or None when there is no such file or no JSON in it. Raise TwinError when it cannot be reached."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, IsADirectoryError, ValueError):
        return None
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> TwinError:
    return TwinError(
        f"{path} cannot be used: {error.strerror}.",
        "Make that path writable, or remove it, or choose another state folder: SEPTET_TWIN_HOME=/path septet up",
    )


type Lock = AbstractContextManager[None]
"""Held while inside."""


@contextmanager
def locked(path: Path, *, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock on *path*; call *waiting* once when another process holds it. The lock ends with the process that has it."""
    try:
        lock = path.open("w")
    except OSError as error:
        raise _unusable(path, error) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
