"""Following a run until it has ended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.cli.api import Api, Document

ENDED = frozenset({"succeeded", "failed", "stopped", "timed_out", "refused"})
"""Statuses after which nothing happens any more."""
_SHORTEST = 0.25
_LONGEST = 2.0
_SLOWER = 1.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What one look at a run showed."""

    run: Document
    entries: tuple[Document, ...]
    """Journal entries that no look before this one showed."""

    @property
    def ended(self) -> bool:
        """Whether this is the last look."""
        return self.run["status"] in ENDED


def follow(api: Api, run: str, *, wait: Callable[[float], None]) -> Iterator[Seen]:
    """Look at *run*, give what is new, and look again until it has ended; *wait* is called with seconds between two looks.

    The run is read before its journal, so a look at an ended run has every entry. Looks come further apart while nothing happens.
    """
    latest: int | None = None
    status = ""
    pause = _SHORTEST
    while True:
        now = api.run(run)
        entries = tuple(api.journal(run, after=latest))
        if entries:
            latest = entries[-1]["number"]
        if entries or now["status"] != status:
            status, pause = now["status"], _SHORTEST
            yield Seen(run=now, entries=entries)
        if status in ENDED:
            return
        wait(pause)
        pause = min(pause * _SLOWER, _LONGEST)
