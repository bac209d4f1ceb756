"""What was tried, cell by cell, as it is found out: a run that was cut goes on where it stopped, as long as the same is tried."""

import hashlib
import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class Kept:
    """One file of lines; those that were made from something else than *inputs* are no longer there for anybody."""

    def __init__(self, file: Path, inputs: str) -> None:
        self._file = file
        self._inputs = inputs
        self._lock = threading.Lock()

    def read(self) -> dict[str, dict[str, Any]]:
        """What was found, by the cells' names; of a cell that was tried more than once, the last."""
        found = {}
        for line in self._file.read_text().splitlines() if self._file.exists() else ():
            try:
                told = json.loads(line)
            except ValueError:  # the writer was killed in the middle of it
                continue
            if told["inputs"] == self._inputs:
                found[told["cell"]] = told["found"]
        return found

    def add(self, cell: str, found: Mapping[str, Any]) -> None:
        """Keep what was *found*; it is in the file when this returns."""
        line = json.dumps({"inputs": self._inputs, "cell": cell, "found": found}) + "\n"
        with self._lock:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as kept:
                kept.write(line)

    def forget(self) -> None:
        """Begin anew."""
        self._file.unlink(missing_ok=True)


def fingerprint(deployed: Mapping[str, str], files: Iterable[Path]) -> str:
    """What is tried: *deployed*, the fingerprints of what is deployed, and the *files* by which it is tried.

    The app's context is left out: it tells where this twin listens, which is elsewhere each time.
    """
    told = {name: value for name, value in deployed.items() if name != "context"}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
