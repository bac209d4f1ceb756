"""What stands at this moment, and no entry tells: runs and questions that are open, what waits to be delivered, models that are sick."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from septet.core.inquiries import Inquiries
from septet.core.journal import Clock
from septet.core.ledger import Ledger
from septet.core.runs import Run, Runs
from septet.integration.approving import open_at, shown
from septet.observability.measures import Measure, Meter
from septet.orchestration.selecting import Sick
from septet.security.approvals import Approval, Approvals


@dataclass(frozen=True, kw_only=True, slots=True)
class Observer:
    """What is looked at, and who is told."""

    ledger: Ledger
    runs: Runs
    approvals: Approvals
    inquiries: Inquiries
    models: Sequence[str]
    """Their ids."""
    sick: Sick
    meter: Meter
    clock: Clock

    def observe(self) -> Sequence[Measure]:
        """Tell, and return, one value of each metric, also where it is 0: a metric that is not told raises no alarm."""
        now = self.clock()
        waiting = list(self._waiting(now))
        told = [
            _told("RunsOpen", sum(self.ledger.tenants().values()), now),
            _told("ApprovalsWaiting", len(waiting), now),
            _told("ApprovalAge", max((now - one.asked_at for one in waiting), default=0), now),
            _told("QueueAge", self._decisions(now), now, queue="decisions"),
            _told("QueueAge", self._answers(now), now, queue="answers"),
        ]
        sick = frozenset(self.sick(self.models))
        told += [_told("BreakersOpen", model in sick, now, model=model) for model in self.models]
        self.meter.tell(told)
        return told

    def _waiting(self, now: int) -> Iterator[Approval]:
        """Questions that somebody can decide on: of runs that are open, and not cancelled. What is read grows with these alone."""
        asked: dict[str, list[Approval]] = {}
        for one in self.approvals.waiting(now):
            asked.setdefault(one.tenant, []).append(one)
        for tenant, questions in asked.items():
            asking = self._asking(tenant, {one.run for one in questions})
            yield from (one for one in questions if one.run in asking and open_at(shown(one, asking[one.run]), now))

    def _asking(self, tenant: str, asked: AbstractSet[str]) -> dict[str, Run]:
        """Those of the runs *asked* for that are open, by their ids."""
        running = {one.run for one in self.ledger.running(tenant)}
        return {run: found for run in asked & running if (found := self.runs.get(tenant, run))}

    def _decisions(self, now: int) -> int:
        """How long the oldest decision has waited to be told to its execution."""
        oldest = next(self.approvals.undelivered(), None)
        return max(0, now - (oldest.decided_at or now)) if oldest else 0

    def _answers(self, now: int) -> int:
        """How long the oldest question to somebody outside that has ended has waited for the same."""
        oldest = next(self.inquiries.undelivered(), None)
        return max(0, now - (oldest.ended_at or now)) if oldest else 0


def _told(metric: str, value: float, at: int, **dimensions: str) -> Measure:
    return Measure(metric=metric, value=float(value), dimensions=dimensions, at=at)
