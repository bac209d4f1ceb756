"""Faults that tests plan for one run: a kill of a function's process at a boundary, or every invocation made twice.

A plan is a file, because the processes that it is for read it (`boundaries.py`). A test device of the twin: on AWS it does not exist.
"""

import json
import os
import re
import tempfile
import threading
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from septet_plugin.plans import checked

RUN: Final = re.compile(rb"run-[0-9a-hjkmnp-tv-z]{26}")
"""A run's id, wherever it stands in an event."""


class Plans:
    """The plans in one folder, and what came of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._duels: Counter[str] = Counter()

    def put(self, run: str, plan: bytes, functions: Collection[str] | None = None) -> None:
        """Keep *plan*, a JSON object, for *run*. An empty one only notes boundaries.

        `kill`: the place where a process dies: `function`, `boundary`, `occurrence` (the how manieth time that the function comes to the
        boundary) and `side` (`before` or `after`), each any when left out; and `times`, how many processes die there, usually one.
        `twice`: true for every invocation of the run to be made twice at the same time.
        *functions* are those that are deployed, if that is known. Raises ValueError, with a sentence, for anything else.
        """
        if not RUN.fullmatch(run.encode()):
            raise ValueError(f"{run!r} is no run's id: it is run- and 26 letters and digits")
        kept = json.dumps(checked(plan, functions))
        self.folder.mkdir(parents=True, exist_ok=True)
        written = self.folder / f"{run}.new"
        written.write_text(kept)
        written.replace(self.folder / f"{run}.json")

    def outcome(self, run: str) -> dict[str, Any]:
        """Return the `crossed` boundaries in order, the number of `kills`, and of invocations made twice (`duels`)."""
        counted: Counter[str] = Counter()
        crossed = []
        for line in self._lines(run):
            counted[line] += 1
            crossed.append({**json.loads(line), "occurrence": counted[line]})
        kills = sum(1 for _ in self.folder.glob(f"{run}.killed-*"))
        return {"crossed": crossed, "kills": kills, "duels": self._duels[run]}

    def _lines(self, run: str) -> list[str]:
        try:
            return (self.folder / f"{run}.crossed").read_text().splitlines()
        except FileNotFoundError:
            return []

    def duel(self, event: bytes) -> int | None:
        """Count an invocation that is to be made twice; None for any other. *event* is its payload."""
        found = RUN.search(event)
        if found is None or not self._twice(run := found[0].decode()):
            return None
        with self._lock:
            self._duels[run] += 1
            return self._duels[run]

    def _twice(self, run: str) -> bool:
        try:
            return bool(json.loads((self.folder / f"{run}.json").read_bytes()).get("twice"))
        except FileNotFoundError:
            return False


PLANS: Final = Plans(Path(os.environ.get("SEPTET_TWIN_HOME") or tempfile.gettempdir()) / "functions" / "faults")
"""The plans of this LocalStack."""
