"""What is known of agents when one of several is chosen: how they did with a skill, and how busy they are. Agents see none of it."""

from collections.abc import Collection, Mapping
from typing import Protocol

from septet.core.frozen import frozen

HALF_LIFE = 7 * 24 * 3_600_000
"""Milliseconds after which what is remembered counts half as much."""


@frozen
class Past:
    """How an agent did with one skill of one tenant's runs, as of a moment; older runs count less."""

    good: float = 0.0
    bad: float = 0.0
    at: int = 0
    """Milliseconds since the epoch."""

    def faded(self, now: int) -> "Past":
        """The same as it counts at *now*; never before the moment it is of."""
        left = 0.5 ** (max(0, now - self.at) / HALF_LIFE)
        return Past(good=self.good * left, bad=self.bad * left, at=max(now, self.at))

    def also(self, tally: "Tally", now: int) -> "Past":
        """With the runs of *tally*, which ended at *now*."""
        before = self.faded(now)
        return Past(good=before.good + tally.good, bad=before.bad + tally.bad, at=before.at)


@frozen
class Tally:
    """How often an agent did well, and badly, with a skill in one run."""

    good: int = 0
    bad: int = 0


class Choices(Protocol):
    """Storage of what is remembered. All of it is one tenant's: its runs never decide who works for another."""

    def pasts(self, tenant: str, of: str) -> Mapping[str, Past]:
        """How agents did at the skill or pool *of*, by agent; those of whom nothing is known are left out. Raises StoreUnavailable."""
        ...

    def awaiting(self, tenant: str, run: str, *, now: int) -> None:
        """Note that *run* has a choice to learn from when it ends; noting it again is the same. Raises StoreUnavailable."""
        ...

    def unlearnt(self, tenant: str, run: str) -> bool:
        """Whether *run* has a choice that nobody has learnt from yet. Raises StoreUnavailable."""
        ...

    def learn(self, tenant: str, run: str, tallies: Mapping[tuple[str, str], Tally], *, now: int) -> bool:
        """Add *tallies*, by agent and skill or pool, once for *run*; whether this did. Raises StoreUnavailable."""
        ...


class Loads(Protocol):
    """How busy agents are, whoever they work for: numbers of choices, of which nothing else is kept."""

    def of(self, agents: Collection[str], *, now: int) -> Mapping[str, int]:
        """How often each of *agents* was chosen in this minute and the one before. Raises StoreUnavailable."""
        ...

    def chosen(self, agent: str, *, now: int) -> None:
        """Count a choice of *agent*. Raises StoreUnavailable."""
        ...
