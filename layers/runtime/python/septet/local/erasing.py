"""Erasing content from the doubles."""

from collections.abc import Callable, Sequence
from copy import replace
from dataclasses import dataclass

from septet.core.entries import Erased
from septet.core.journal import Branch
from septet.core.runs import Run
from septet.local.approvals import MemoryApprovals
from septet.local.effects import MemoryEffects
from septet.local.journal import MemoryJournal
from septet.local.runs import MemoryRuns
from septet.orchestration.erasing import Eraser
from septet.security.erased import blank


@dataclass(kw_only=True)
class MemoryContents:
    """The doubles of the stores that hold content."""

    journal: MemoryJournal
    runs: MemoryRuns
    approved: MemoryApprovals
    effected: MemoryEffects | None = None

    def approvals(self, tenant: str, runs: Sequence[str]) -> None:
        """Erase what the questions of these runs quote."""
        self.approved.change(lambda one: blank(one) if (one.tenant == tenant and one.run in runs) else one)

    def effects(self, tenant: str, run: str) -> None:
        """Erase the results of the run's effects."""
        if self.effected:
            self.effected.change(lambda one: replace(one, value=None) if (one.tenant, one.run) == (tenant, run) else one)

    def bodies(self, tenant: str, run: str) -> None:
        """Nothing: the doubles keep every body in its entry."""

    def entries(self, branch: Branch, more: Callable[[], bool]) -> bool:
        """Erase the salts and the bodies in the branch's entries, one at a time."""
        for entry in self.journal.read(branch):
            if isinstance(entry.body, Erased):
                continue
            if not more():
                return False
            self.journal.put(branch, replace(entry, body=Erased(), salt=""))
        return True

    def noted(self, run: Run, at: int) -> None:
        """Note in the run's record that it was erased."""
        place = run.tenant, run.run
        self.runs.records[place] = replace(self.runs.records[place], erased_at=at, digest="erased", message="")


@dataclass(kw_only=True)
class LocalEraser:
    """A double of the eraser's function: it has time for so many entries a call."""

    eraser: Eraser
    entries: int = 1_000_000

    def erase(self, tenant: str, runs: Sequence[str]) -> tuple[str, ...]:
        """Have the content of *runs* erased, and return those that are left."""
        left = iter(range(self.entries))
        return self.eraser.erase(tenant, runs, lambda: next(left, None) is not None)
