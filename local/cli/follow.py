"""Following a run until it has ended."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus

from local.cli.api import Api, Document
from local.cli.outcomes import CommandFailed, Refused, Unreachable

ENDED = frozenset({"succeeded", "failed", "stopped", "timed_out", "refused"})
"""Statuses after which nothing happens any more."""
HELD = 10
"""Seconds for which the platform holds a look that has nothing to show. What is in no entry of the main branch is seen after as many."""
_SHORTEST = 0.25
_LONGEST = 2.0
_SLOWER = 1.3
_PATIENCE = 300
"""Seconds that are waited in all for a platform that answers no more, of a run that it has shown once."""
_FIRST, _LAST = 1.0, 15.0
"""Seconds before the first further attempt, and at most before a later one."""


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


def follow(
    api: Api,
    run: str,
    *,
    wait: Callable[[float], None],
    clock: Callable[[], float] = time.monotonic,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Seen]:
    """Give what is new of *run* as it happens, until it has ended.

    The platform holds each look until the main branch has an entry. *wait* is called with seconds after each, mostly 0; looks come further
    apart while they are answered at once and nothing happens, by the *clock*. *say* is told when the platform is lost. Raises Refused and
    Unreachable at once for the first look, and later when it cannot be reached, or cannot answer, for minutes.
    """
    latest, status, pause = None, "", _SHORTEST
    now, entries = api.run(run), list[Document]()
    lasting = _Lasting(wait=wait, say=say)
    while True:
        if now["status"] != status:  # read after the run, so that a look at an ended run has every entry
            latest = _last(entries, latest)
            entries += _after(latest, lasting.ask(partial(api.journal, run, after=latest)))
        latest = _last(entries, latest)
        if entries or now["status"] != status:
            status, pause = now["status"], _SHORTEST
            yield Seen(run=now, entries=tuple(entries))
        if status in ENDED:
            return
        asked = clock()
        entries = _after(latest, lasting.ask(partial(api.journal, run, after=latest, wait=HELD)))
        idle = not entries and clock() - asked < HELD / 2
        wait(pause if idle else 0)
        pause = min(pause * _SLOWER, _LONGEST) if idle else pause
        now = lasting.ask(partial(api.run, run))


def _after(latest: int | None, given: list[Document]) -> list[Document]:
    """What is new of what was *given*, in the order of its numbers: a server may give again what was seen."""
    new = {one["number"]: one for one in given if latest is None or one["number"] > latest}
    return [new[number] for number in sorted(new)]


def _last(entries: list[Document], before: int | None) -> int | None:
    """The number of the last entry that was seen."""
    return entries[-1]["number"] if entries else before


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lasting:
    """Asks for as long as there is hope."""

    wait: Callable[[float], None]
    say: Callable[[str], None]

    def ask[T](self, look: Callable[[], T]) -> T:
        """What *look* returns; made again, later each time, while nobody answers, or the platform has no time or is out of order."""
        pause, waited = _FIRST, 0.0
        while True:
            try:
                return look()
            except (Unreachable, Refused) as error:
                if not _passing(error) or waited >= _PATIENCE:
                    raise
                if not waited:
                    self.say(f"{error}; the run goes on meanwhile, and so do I once there is an answer")
            self.wait(pause * random.uniform(1, 1.25))  # noqa: S311 -- spreads requests, guards nothing
            waited += pause
            pause = min(pause * 2, _LAST)


def _passing(error: CommandFailed) -> bool:
    if isinstance(error, Refused):
        return error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(error, Unreachable)
