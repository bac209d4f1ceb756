"""Doubles of what the projector works with."""

from collections.abc import Sequence
from threading import Lock

from septet.core.errors import Fenced
from septet.core.journal import Branch
from septet.observability.measures import Measure, tellable
from septet.observability.progress import Progress
from septet.observability.spans import Span


class MemoryProgresses:
    """A double of the table of checkpoints."""

    def __init__(self) -> None:
        self._kept: dict[Branch, Progress] = {}
        self._lock = Lock()

    def get(self, branch: Branch) -> Progress:
        """The branch's."""
        with self._lock:
            return self._kept.get(branch, Progress())

    def keep(self, branch: Branch, progress: Progress, *, before: Progress) -> None:
        """Note it, if the branch has been projected as far as *before*."""
        with self._lock:
            if self._kept.get(branch, Progress()).next != before.next:
                raise Fenced(f"somebody else has projected {branch.path} further")
            self._kept[branch] = progress


class MemoryExporter:
    """A double of a collector: the last of each span, by its id."""

    def __init__(self) -> None:
        self.spans: dict[tuple[str, str], Span] = {}

    def export(self, spans: Sequence[Span]) -> None:
        """Take *spans*."""
        self.spans |= {(span.trace, span.span): span for span in spans}


class MemoryMeter:
    """A double of a meter: everything that it was told."""

    def __init__(self) -> None:
        self.measures: list[Measure] = []

    def tell(self, measures: Sequence[Measure]) -> None:
        """Take *measures*."""
        self.measures += tellable(measures)


class MemoryAside:
    """A double of the queue of what cannot be projected."""

    def __init__(self) -> None:
        self.put_aside: list[tuple[str, str]] = []

    def put(self, body: str, reason: str) -> None:
        """Keep it."""
        self.put_aside.append((body, reason))
