"""A journal in memory."""

from collections.abc import Iterator
from threading import Lock

from septet.core.entries import Entry
from septet.core.errors import Fenced
from septet.core.journal import Branch


class MemoryJournal:
    """A double of the journal."""

    def __init__(self) -> None:
        self._branches: dict[Branch, list[tuple[Entry, str]]] = {}
        self._lock = Lock()

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        """The entries with a number above *after*, in order."""
        with self._lock:
            found = self._branches.get(branch, [])[after + 1 :]
        return iter([entry for entry, _ in found])

    def append(self, branch: Branch, entry: Entry, *, writer: str) -> None:
        """Store *entry*. Raises Fenced when its number is taken by another, ValueError when it would leave a gap."""
        with self._lock:
            entries = self._branches.setdefault(branch, [])
            if entry.number == len(entries):
                entries.append((entry, writer))
            elif entry.number > len(entries):
                raise ValueError(f"entry {entry.number} would leave a gap after {len(entries) - 1}")
            elif (entries[entry.number][0].hash, entries[entry.number][1]) != (entry.hash, writer):
                raise Fenced(f"entry {entry.number} of {branch.path} was written by another executor")
