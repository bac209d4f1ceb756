"""Faults that tests plan for one run: a kill of a function's process at a boundary, every invocation made twice, or a named error.

A plan is a file, because the processes that it is for read it (`boundaries.py`). A test device of the twin: on AWS it does not exist.
"""

import json
import math
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
        self._failures: Counter[tuple[str, int]] = Counter()
        self._errors: Counter[str] = Counter()

    def put(self, run: str, plan: bytes, functions: Collection[str] | None = None) -> None:
        """Keep *plan*, a JSON object, for *run*. An empty one only notes boundaries.

        `kill`: the place where a process dies: `function`, `boundary`, `occurrence` (the how manieth time that the function comes to the
        boundary) and `side` (`before` or `after`), each any when left out; and `times`, how many processes die there, usually one.
        `twice`: true for every invocation of the run to be made twice at the same time.
        `fail`: a list of what ends at once, without its code being asked: `function`, `error` (its name, as a state machine hears it) or
        an `answer` in its place, and maybe `holding`, a text that the event holds, `times`, how often (without it: always), and `seconds`,
        how long that takes (without it: no time).
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
        """Return the `crossed` boundaries in order, the number of `kills`, of invocations made twice (`duels`), and of errors given."""
        counted: Counter[str] = Counter()
        crossed = []
        for line in self._lines(run):
            counted[line] += 1
            crossed.append({**json.loads(line), "occurrence": counted[line]})
        kills = sum(1 for _ in self.folder.glob(f"{run}.killed-*"))
        return {"crossed": crossed, "kills": kills, "duels": self._duels[run], "errors": self._errors[run]}

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

    def planned(self, function: str, event: bytes) -> dict[str, Any] | None:
        """Return the rule by which *function* is to end at once when it gets *event*; None when its code is to be asked."""
        found = RUN.search(event)
        run = found[0].decode() if found else ""
        for place, rule in enumerate(self._plan(run).get("fail", []) if run else []):
            if rule["function"] != function or rule.get("holding", "").encode() not in event:
                continue
            with self._lock:
                self._failures[run, place] += 1
                if self._failures[run, place] <= rule.get("times", math.inf):
                    self._errors[run] += "error" in rule
                    return dict(rule)
        return None

    def _twice(self, run: str) -> bool:
        return bool(self._plan(run).get("twice"))

    def _plan(self, run: str) -> dict[str, Any]:
        try:
            plan: dict[str, Any] = json.loads((self.folder / f"{run}.json").read_bytes())
        except FileNotFoundError:
            return {}
        return plan


PLANS: Final = Plans(Path(os.environ.get("SEPTET_TWIN_HOME") or tempfile.gettempdir()) / "functions" / "faults")
"""The plans of this LocalStack."""
