"""What runs have cost, as figures that stand beside the ledger and say what for."""

from collections.abc import Sequence
from copy import replace
from typing import Protocol

from septet.core.frozen import frozen

PLATFORM = "~platform"
"""Stands for a branch; none can be called so."""


@frozen
class Line:
    """What one agent spent on one model."""

    agent: str
    """Empty for the platform itself."""
    model: str
    """Empty for what no model was paid for."""
    cost: int
    """Micro-dollars, as the ledger settled them."""
    calls: int = 0
    input: int = 0
    """Tokens read, from caches too."""
    output: int = 0
    cached: int = 0
    """Of those read, the ones from the provider's cache."""
    endpoint: int = 0
    """Micro-dollars beside the cost: estimated, for the time in which an instance that is paid by the hour worked on the calls."""
    estimated: bool = False
    """Whether it is worked out from list prices and never was in the ledger, as what the platform itself costs."""


@frozen
class Spent:
    """What a branch of a run spent on one day (UTC)."""

    tenant: str
    run: str
    path: str
    """``PLATFORM`` for what the run cost on the platform, which no branch has."""
    day: str
    """As in ISO 8601: ``2026-11-23``."""
    workflow: str
    lines: tuple[Line, ...]
    through: int = 0
    """Number of the branch's last entry that is in the figures: what is told late replaces nothing that knows more."""
    gaps: int = 0
    """Entries up to there that could not be read: erased since, or damaged."""

    @property
    def cost(self) -> int:
        """Micro-dollars that the ledger settled, of all lines."""
        return sum(line.cost for line in self.lines if not line.estimated)


def kept(spent: Spent, stands: Spent) -> Spent:
    """*spent* with the estimates of what *stands* for its branch and day, if that is of the same entries: prices may be others since."""
    if stands.through != spent.through:
        return spent
    if any(line.estimated for line in stands.lines):
        return stands
    before = {(line.agent, line.model): line for line in stands.lines}
    lines = [replace(line, endpoint=before.pop(key).endpoint if (key := (line.agent, line.model)) in before else 0) for line in spent.lines]
    alone = [replace(Line(agent=one.agent, model=one.model, cost=0), endpoint=one.endpoint) for one in before.values() if one.endpoint]
    return replace(spent, lines=tuple(line for line in (*lines, *alone) if line.endpoint or line.cost or line.calls))


class Costs(Protocol):
    """Storage of what was spent. Nothing here crosses a tenant."""

    def put(self, spent: Spent, *, again: bool = False) -> None:
        """Note *spent* in place of what stands for its branch and day, unless that is of a later entry, or of the same with fewer gaps.

        *again* is for what was told before: then estimates that stand are kept. Raises StoreUnavailable.
        """
        ...

    def page(self, tenant: str, *, since: str, until: str, after: str = "", limit: int) -> tuple[Sequence[Spent], str]:
        """At most *limit* of the days from *since* to *until*, both included, and after what to go on; empty at the end."""
        ...
