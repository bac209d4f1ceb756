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

    def last(self, branch: Branch) -> tuple[int, str] | None:
        """The number and the hash of the branch's last entry."""
        with self._lock:
            found = self._branches.get(branch)
        return (found[-1][0].number, found[-1][0].hash) if found else None

    def append(self, branch: Branch, entry: Entry, *, writer: str) -> None:
        """Store *entry*. Raises Fenced when its number is taken by another, ValueError when it would leave a gap."""
        with self._lock:
            entries = self._branches.get(branch)
            if entries is None:
                entries = self._branches[branch] = []
            number, following = entry.number, len(entries)
            if number == following:
                entries.append((entry, writer))
            elif number > following:
                raise ValueError(f"entry {number} would leave a gap after {following - 1}")
            elif (entries[number][0].hash, entries[number][1]) != (entry.hash, writer):
                raise Fenced(f"entry {number} of {branch.path} was written by another executor")

    def put(self, branch: Branch, entry: Entry) -> None:
        """Put *entry* in the place of the one with its number, as an erasure does, or somebody who tampers."""
        with self._lock:
            entries = self._branches[branch]
            entries[entry.number] = entry, entries[entry.number][1]

    def cut(self, branch: Branch, left: int) -> None:
        """Take away all entries but the first *left*, as somebody does who tampers."""
        with self._lock:
            del self._branches[branch][left:]
