"""What a run came to, in figures and names, for lists, searches and statistics. Nothing of it says what was asked or answered."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from itertools import groupby
from typing import Protocol

from septet.core.errors import InputRejected
from septet.core.frozen import frozen
from septet.core.journal import MAIN

BRANCH = "/"
"""Before a branch's path among the agents of a part: there the run parted."""
ANY_WAY = "any"
"""Stands for every way in which a run may be flagged."""
END_OF_TIME = 10**15 - 1
"""Milliseconds since the epoch, as many as a place has digits for."""
_ENTRIES = 10**9
"""More than a branch can have."""
_PLACE = re.compile(r"([0-9]{15})\.([A-Za-z0-9_-]{1,100})")


@frozen
class Part:
    """What one branch of a run came to."""

    through: int = -1
    """Number of the last entry that is in it."""
    gaps: int = 0
    """Entries up to there that could not be read: erased since, or damaged."""
    began: int = 0
    """When the present attempt began in it, in milliseconds since the epoch; 0 before it did."""
    waited: int = 0
    """Milliseconds of the present attempt in which a person was waited for."""
    model_calls: int = 0
    """Replies that were paid for."""
    tool_calls: int = 0
    input: int = 0
    """Tokens read, from caches too."""
    output: int = 0
    cost: int = 0
    """Micro-dollars."""
    approvals: int = 0
    """Questions to people."""
    fallbacks: int = 0
    """Another model, or another agent, took over what one could not do."""
    hand_overs: int = 0
    degraded: bool = False
    """Whether the answer is the text that the workflow declares for when nobody can answer."""
    agents: tuple[str, ...] = ()
    """Those that worked, in order, without immediate repetition; where it parts, ``BRANCH`` and the path of the branch."""
    failing: str = ""
    """The agent that failed last, if nobody has gone on since."""

    @property
    def rank(self) -> int:
        """Of two parts of a branch, the one with the higher rank knows more: later entries, or of as many more that could be read."""
        return self.through * _ENTRIES - self.gaps


@frozen
class Summary:
    """A run: what its record says of it, and what its branches came to."""

    tenant: str
    run: str
    workflow: str
    submitter: str
    """A name of the token's that started it."""
    parent: str = ""
    status: str
    """Of the record."""
    error: str = ""
    """Name of an error class; empty while it goes on, or when it succeeded."""
    kind: str = ""
    """Of ``septet.observability.failures``; empty with it."""
    created: int
    """Milliseconds since the epoch."""
    attempt: int = 0
    ended: int | None = None
    """When its present attempt ended."""
    budget: int = 0
    """Micro-dollars."""
    parts: Mapping[str, Part] = field(default_factory=dict)
    """By the paths of branches."""
    flagged: tuple[str, ...] = ()
    """In which ways it was found to be unusual, while it ran."""

    @property
    def rank(self) -> int:
        """Of two summaries of a run, the one with the higher rank is the later."""
        return 2 * self.attempt + (self.ended is not None)

    @property
    def started(self) -> int:
        """When the present attempt began."""
        return self.parts.get(MAIN, Part()).began or self.created

    @property
    def duration(self) -> int | None:
        """Milliseconds that the present attempt took, with all waits; None before it ended."""
        return None if self.ended is None else max(0, self.ended - self.started)

    @property
    def working(self) -> int | None:
        """The same without waits for people. Of waits in several branches the longest counts: they are at the same time."""
        waited = max((part.waited for part in self.parts.values()), default=0)
        return None if self.duration is None else max(0, self.duration - waited)

    @property
    def model_calls(self) -> int:
        """Of all branches; so are the next ones."""
        return sum(part.model_calls for part in self.parts.values())

    @property
    def tool_calls(self) -> int:
        """Calls that the gateway made."""
        return sum(part.tool_calls for part in self.parts.values())

    @property
    def tokens(self) -> tuple[int, int]:
        """Read and written."""
        return sum(part.input for part in self.parts.values()), sum(part.output for part in self.parts.values())

    @property
    def cost(self) -> int:
        """Micro-dollars."""
        return sum(part.cost for part in self.parts.values())

    @property
    def budget_share(self) -> float | None:
        """Of its budget, what it used: 1 for all; None without one."""
        return self.cost / self.budget if self.budget else None

    @property
    def approvals(self) -> int:
        """Questions to people."""
        return sum(part.approvals for part in self.parts.values())

    @property
    def fallbacks(self) -> int:
        """How often another took over."""
        return sum(part.fallbacks for part in self.parts.values())

    @property
    def hand_overs(self) -> int:
        """How often an agent passed the work on."""
        return sum(part.hand_overs for part in self.parts.values())

    @property
    def degraded(self) -> bool:
        """Whether it ended with a prepared answer."""
        return self.parts.get(MAIN, Part()).degraded

    @property
    def agents(self) -> tuple[str, ...]:
        """Those that worked, in order, without immediate repetition; those of branches where the run parted."""
        return tuple(agent for agent, _ in groupby(self._along(MAIN, frozenset())))

    @property
    def failing(self) -> str:
        """Of a run that did not succeed, the agent that failed; where none did, the last that worked."""
        if self.ended is None or self.status == "succeeded":
            return ""
        failed = [self.parts[path].failing for path in sorted(self.parts, key=lambda path: (path != MAIN, path))]
        return next(filter(None, failed), next(reversed(self.agents), ""))

    def _along(self, path: str, above: frozenset[str]) -> Iterator[str]:
        """The agents of a branch; *above* are the branches that it is in."""
        for name in self.parts.get(path, Part()).agents:
            if not name.startswith(BRANCH):
                yield name
            elif (inner := name.removeprefix(BRANCH)) not in above:
                yield from self._along(inner, above | {path})


@frozen
class Wanted:
    """Which of the runs that have ended; what is empty, or zero, is any."""

    since: int = 0
    """Ended then or later, in milliseconds since the epoch."""
    until: int = END_OF_TIME
    """Ended then or earlier."""
    workflow: str = ""
    error: str = ""
    kind: str = ""
    agent: str = ""
    """That worked in it."""
    status: str = ""
    submitter: str = ""
    failed: bool = False
    """Only those that did not succeed."""
    flagged: str = ""
    """Flagged in this way while it ran, or in ``ANY_WAY``."""


@frozen
class SummaryPage:
    """Some summaries, the latest end first."""

    summaries: tuple[Summary, ...]
    next: str | None
    """A cursor; None at the end."""


class Summaries(Protocol):
    """Storage of summaries. Nothing here crosses a tenant."""

    def put(self, summary: Summary) -> Summary:
        """Note what *summary* has of a run, and return what stands of it now. Raises StoreUnavailable.

        A part replaces the one that stands for its branch unless that has a higher rank, and the rest what stands of the run unless that
        has one; so writing again, late or out of order changes nothing. ``flagged`` is not written.
        """
        ...

    def get(self, tenant: str, run: str) -> Summary | None:
        """What stands of a run; None when nothing does."""
        ...

    def page(self, tenant: str, wanted: Wanted, *, limit: int, cursor: str | None = None) -> SummaryPage:
        """At most *limit* of those *wanted* that have ended, the latest first. A page may hold fewer and still have a next one.

        Raises InputRejected for a cursor this did not make.
        """
        ...

    def flag(self, tenant: str, run: str, kind: str) -> bool:
        """Note that a run of which something stands is unusual in this way. True for the first who does."""
        ...


def place(ended: int, run: str) -> str:
    """Where a run that ended stands among the others of its tenant; also a cursor."""
    return f"{ended:015d}.{run}"


def placed(cursor: str) -> tuple[int, str]:
    """What ``place`` was given. Raises InputRejected for what it did not make."""
    found = _PLACE.fullmatch(cursor)
    if found is None:
        raise InputRejected("cursor is not one this API made: take it from next of the page before")
    return int(found[1]), found[2]
