"""Which of several agents works next: by health, history, load and price. Pure; the number that is drawn comes from the run's own id."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from septet.core.canonical import digest
from septet.core.frozen import frozen

BAND = 0.25
"""Expected successes this close to the best count as equal: a few unlucky runs say little."""
CERTAIN = 100
"""Percent: as sure as can be."""
TOLD = 30
"""Candidates that a rationale names: it stays small enough for an item of the journal."""
EXPLORE = 0.1
"""Share of the choices that go to those whose history speaks against them: so a history is never the last word."""


@frozen
class Candidate:
    """An agent that could be chosen."""

    agent: str
    price: int
    """Micro-dollars for a million tokens read and as many written."""
    stopped: bool = False
    """By an operator: never chosen."""
    sick: bool = False
    """No model that it has can be called: chosen only when all are."""
    load: int = 0
    """Recent choices."""
    full: bool = False
    """So many that another is preferred."""
    good: float = 0.0
    bad: float = 0.0
    """What is remembered of its runs, older ones counting less."""

    @property
    def expected(self) -> float:
        """The share of successes to expect: the mean of a Beta distribution that begins with one of each (Laplace's rule)."""
        return (self.good + 1) / (self.good + self.bad + 2)


@frozen
class Chosen:
    """Who, and why."""

    agent: str
    """Empty when nobody can be chosen."""
    why: str


def choose(candidates: Sequence[Candidate], draw: float) -> Chosen:
    """The candidate to choose. *draw*, from 0 to below 1, decides between equals, and who explores.

    Stopped ones are out; sick ones only when all are. Then history: those near the best expectation count as equal, the others get a share
    of ``EXPLORE``. Among equals those that are not full, then the cheapest, then the least loaded.
    """
    able = [one for one in candidates if not one.stopped]
    if not able:
        return Chosen(agent="", why="nobody can be chosen")
    well = [one for one in able if not one.sick]
    left = well or able
    best = max(one.expected for one in left)
    near = [one for one in left if one.expected >= best - BAND]
    far = [one for one in left if one not in near]
    if far and draw < EXPLORE:
        return Chosen(agent=_drawn(far, draw / EXPLORE).agent, why="another try, in spite of its history")
    roomy = [one for one in near if not one.full] or near
    cheap = [one for one in roomy if one.price == min(other.price for other in roomy)]
    idle = [one for one in cheap if one.load == min(other.load for other in cheap)]
    found = _drawn(idle, (draw - EXPLORE) / (1 - EXPLORE) if far else draw)
    return Chosen(agent=found.agent, why=_why(able, well, near, roomy, cheap, idle))


def _why(able: Sequence[Any], *narrowed: Sequence[Any]) -> str:
    """What told the chosen one from the others: the last of the rules that left fewer."""
    if len(able) == 1:
        return "the only one"
    names = ("healthy", "did best", "not full", "cheapest", "least busy")
    said, before = [], len(able)
    for name, left in zip(names, narrowed, strict=True):
        if 0 < len(left) < before:
            said.append(name)
            before = len(left)
    return ", ".join(said) or "equal to the others"


def _drawn(candidates: Sequence[Candidate], draw: float) -> Candidate:
    ordered = sorted(candidates, key=lambda one: one.agent)
    return ordered[min(len(ordered) - 1, max(0, int(draw * len(ordered))))]


def drawn(*parts: str) -> float:
    """A number from 0 to below 1 that follows from *parts*: the same run draws the same again."""
    return int(digest(*(part.encode() for part in parts))[:13], 16) / 16**13


def confidence(value: Any) -> float:
    """What an agent says of its own certainty, from 0 to 100; 0 for anything that is no number."""
    if type(value) not in {int, float} or (type(value) is float and math.isnan(value)):
        return 0.0
    return float(min(CERTAIN, max(0, value)))


def told(candidates: Sequence[Candidate]) -> Mapping[str, Any]:
    """The candidates as the journal keeps them: what a person needs to check the choice. Shares are per mille, not fractions."""
    return {
        one.agent: {
            "price": one.price,
            "load": one.load,
            "expected_per_mille": round(one.expected * 1000),
            **{name: True for name in ("stopped", "sick", "full") if getattr(one, name)},
        }
        for one in candidates[:TOLD]
    }
