"""The eraser: takes the content of runs out of every store that has it, and leaves what the chain is made of.

It goes run by run, the journal's entries after all other copies and the note in the run's record last: whatever breaks off in between, the
next call finds the run without the note and goes over it again. Nothing that is gone already is missed.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock
from septet.core.runs import Run, Runs
from septet.integration.erasing import settled_for_good


class Contents(Protocol):
    """The stores, as far as they hold what people, models and tools said."""

    def approvals(self, tenant: str, runs: Sequence[str]) -> None:
        """Erase what the questions of these runs quote: arguments, evidence, reasons."""
        ...

    def inquiries(self, tenant: str, runs: Sequence[str]) -> None:
        """Erase what these runs asked somebody outside, and what was answered."""
        ...

    def files(self, tenant: str, runs: Sequence[str], at: int) -> None:
        """Delete the files that one of these runs read or wrote, and note it in their records."""
        ...

    def unused_files(self, tenant: str, owner: str, at: int) -> None:
        """Delete the files that *owner* uploaded, or anybody if it is empty, and that no run ever read."""
        ...

    def effects(self, tenant: str, run: str) -> None:
        """Erase the results of the run's effects."""
        ...

    def bodies(self, tenant: str, run: str) -> None:
        """Delete the run's objects in the bucket of bodies."""
        ...

    def entries(self, branch: Branch, more: Callable[[], bool]) -> bool:
        """Erase the salts and the bodies in the branch's entries; False when there was no time for all."""
        ...

    def noted(self, run: Run, at: int) -> None:
        """Note in the run's record that it was erased, and clear what quotes its content there."""
        ...


@frozen
class Eraser:
    """What an erasure works with."""

    contents: Contents
    runs: Runs
    clock: Clock

    def erase(self, tenant: str, runs: Sequence[str], more: Callable[[], bool]) -> tuple[str, ...]:
        """Erase the content of *runs*, and return those that are left: there was no *more* time, or they are not over after all."""
        found = [run for name in runs if (run := self.runs.get(tenant, name))]
        over = [run for run in found if settled_for_good(run, self.clock())]
        left = [run.run for run in found if run not in over]
        if over:
            self.contents.approvals(tenant, [run.run for run in over])
            self.contents.inquiries(tenant, [run.run for run in over])
            self.contents.files(tenant, [run.run for run in over], self.clock())
        return (*left, *(run.run for run in over if not (more() and self._erased(run, more))))

    def erase_files(self, tenant: str, owner: str) -> None:
        """Erase what was uploaded, by *owner* or, if that is empty, by anybody, and never used."""
        self.contents.unused_files(tenant, owner, self.clock())

    def _erased(self, run: Run, more: Callable[[], bool]) -> bool:
        self.contents.effects(run.tenant, run.run)
        self.contents.bodies(run.tenant, run.run)
        for path in run.branches:
            if not self.contents.entries(Branch(tenant=run.tenant, run=run.run, path=path), more):
                return False
        self.contents.noted(run, self.clock())
        return True
