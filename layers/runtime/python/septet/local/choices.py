"""What is known of agents when one of several is chosen, in memory."""

from collections import Counter
from collections.abc import Collection, Mapping
from threading import Lock

from septet.core.choices import Past, Tally


class MemoryChoices:
    """A double of the table of choices."""

    def __init__(self) -> None:
        self._pasts: dict[tuple[str, str], dict[str, Past]] = {}
        self._marks: dict[tuple[str, str], bool] = {}
        """By tenant and run, whether somebody has learnt from it."""
        self._lock = Lock()

    def pasts(self, tenant: str, of: str) -> Mapping[str, Past]:
        """How agents did, by agent."""
        return dict(self._pasts.get((tenant, of), {}))

    def awaiting(self, tenant: str, run: str, *, now: int) -> None:  # noqa: ARG002 -- nothing here expires
        """Note that the run has a choice to learn from."""
        self._marks.setdefault((tenant, run), False)

    def unlearnt(self, tenant: str, run: str) -> bool:
        """Whether there is such a note and nobody has learnt from the run."""
        return self._marks.get((tenant, run)) is False

    def learn(self, tenant: str, run: str, tallies: Mapping[tuple[str, str], Tally], *, now: int) -> bool:
        """Add the tallies; False when somebody else has."""
        with self._lock:
            if not self.unlearnt(tenant, run):
                return False
            self._marks[tenant, run] = True
            for (agent, of), tally in tallies.items():
                known = self._pasts.setdefault((tenant, of), {})
                known[agent] = known.get(agent, Past()).also(tally, now)
            return True


class MemoryLoads:
    """A double of the loads."""

    def __init__(self) -> None:
        self._chosen: Counter[tuple[str, int]] = Counter()

    def of(self, agents: Collection[str], *, now: int) -> Mapping[str, int]:
        """Choices in this minute and the one before."""
        minute = now // 60_000
        return {agent: self._chosen[agent, minute] + self._chosen[agent, minute - 1] for agent in agents}

    def chosen(self, agent: str, *, now: int) -> None:
        """Count one."""
        self._chosen[agent, now // 60_000] += 1
