"""Erasing content from the doubles."""

from collections.abc import Callable, Sequence
from copy import replace
from dataclasses import dataclass

from septet.core.entries import Erased
from septet.core.files import File
from septet.core.journal import Branch
from septet.core.runs import Run
from septet.local.approvals import MemoryApprovals
from septet.local.effects import MemoryEffects
from septet.local.files import MemoryFileContents, MemoryFiles
from septet.local.inquiries import MemoryInquiries
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
    inquired: MemoryInquiries | None = None
    filed: MemoryFiles | None = None
    held: MemoryFileContents | None = None

    def approvals(self, tenant: str, runs: Sequence[str]) -> None:
        """Erase what the questions of these runs quote."""
        self.approved.change(lambda one: blank(one) if (one.tenant == tenant and one.run in runs) else one)

    def files(self, tenant: str, runs: Sequence[str], at: int) -> None:
        """Delete the files of these runs."""
        self._erase([file for file in self._files(tenant) if {*file.runs} & {*runs}], at)

    def unused_files(self, tenant: str, owner: str, at: int) -> None:
        """Delete what was never used."""
        self._erase([file for file in self._files(tenant) if not file.runs and owner in ("", file.owner)], at)

    def _files(self, tenant: str) -> list[File]:
        return [file for (whose, _), file in (self.filed.records if self.filed else {}).items() if whose == tenant]

    def _erase(self, files: Sequence[File], at: int) -> None:
        for file in files:
            if self.held and self.filed:
                self.held.held.pop((file.tenant, file.place), None)
                self.filed.put(replace(file, name="", erased_at=at))

    def inquiries(self, tenant: str, runs: Sequence[str]) -> None:
        """Erase the questions and the answers of these runs' inquiries."""
        if self.inquired:
            theirs = {(tenant, run) for run in runs}
            self.inquired.change(lambda one: replace(one, question=None, answer=None) if (one.tenant, one.run) in theirs else one)

    def effects(self, tenant: str, run: str) -> None:
        """Erase the results of the run's effects."""
        if self.effected:
            self.effected.change(lambda one: replace(one, value=None) if (one.tenant, one.run) == (tenant, run) else one)

    def bodies(self, tenant: str, run: str) -> None:
        """Delete what batches wrote; the doubles keep every body in its entry."""
        for place in [place for place in (self.held.held if self.held else {}) if place[0] == tenant and place[1].startswith(f"{run}/")]:
            if self.held:
                del self.held.held[place]

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
        self.runs.records[place] = replace(self.runs.records[place], erased_at=at, digest="erased", message="", cancel_reason="")


@dataclass(kw_only=True)
class LocalEraser:
    """A double of the eraser's function: it has time for so many entries a call."""

    eraser: Eraser
    entries: int = 1_000_000

    def erase_files(self, tenant: str, owner: str) -> None:
        """Have what was uploaded and never used erased."""
        self.eraser.erase_files(tenant, owner)

    def erase(self, tenant: str, runs: Sequence[str]) -> tuple[str, ...]:
        """Have the content of *runs* erased, and return those that are left."""
        left = iter(range(self.entries))
        return self.eraser.erase(tenant, runs, lambda: next(left, None) is not None)
