"""Journals as tests write them: who wrote what, when, at which cost, with which labels."""

from collections.abc import Mapping
from typing import Any

from septet.core.entries import Body, Entry
from septet.core.journal import Branch, Pen, after
from septet.core.money import Usage
from septet.local.journal import MemoryJournal


class Diary:
    """One run's journal. Each entry is written a second after the one before, unless it says when."""

    def __init__(self) -> None:
        self._journal = MemoryJournal()
        self._paths: dict[str, None] = {}
        self.now = 0

    def write(
        self,
        body: Body,
        agent: str = "",
        *,
        path: str = "main",
        turn: str = "",
        cost: int = 0,
        labels: Mapping[str, str] | None = None,
        at: int | None = None,
        **used: int,
    ) -> Entry:
        """Write *body* as *agent*, in its turn of the same name unless another is given; *used* are tokens."""
        self.now = self.now + 1000 if at is None else at
        self._paths[path] = None
        branch = Branch(tenant="acme", run="run-1", path=path)
        head = after(self._journal.read(branch))
        pen = Pen(journal=self._journal, branch=branch, clock=lambda: self.now, head=head, agent=agent, turn=turn or agent)
        return pen.write(body, cost=cost, labels=labels, usage=Usage(**used) if used else None)

    @property
    def branches(self) -> dict[str, list[Entry]]:
        """The journal by branch."""
        return {path: self.read(path) for path in self._paths}

    def read(self, path: str = "main") -> list[Entry]:
        """One branch."""
        found: Any = self._journal.read(Branch(tenant="acme", run="run-1", path=path))
        return list(found)
