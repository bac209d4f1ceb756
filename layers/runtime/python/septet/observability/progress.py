"""How far a branch has been projected."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

from septet.core.frozen import frozen
from septet.core.journal import Branch

ENDS = "*"
"""In the place of a branch's path: the ends of the run's attempts, whose number stands for an entry's."""


@frozen
class Progress:
    """Where to go on with a branch, and what its entries so far came to."""

    next: int = 0
    """Number of the first entry that was not projected."""
    states: Mapping[str, Any] = field(default_factory=dict)
    """Of the projections, by their names, as JSON types."""
    tries: int = 0
    """How often the spans from here on were offered, and not taken."""


class Progresses(Protocol):
    """Storage of checkpoints."""

    def get(self, branch: Branch) -> Progress:
        """The branch's, read consistently; an empty one when there is none."""
        ...

    def keep(self, branch: Branch, progress: Progress, *, before: Progress) -> None:
        """Note *progress*, if *before* is how far the branch has been projected. Raises Fenced when it is not, and StoreUnavailable."""
        ...
