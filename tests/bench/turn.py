"""One turn in a process of its own: ``python -m tests.bench.turn STACK CALLS``, once to load what is loaded late, and once to measure.

It prints the processor time of a step, its growth from the first steps to the last, and how much memory the turn added; or the error it
ended in. With 0 calls it only loads the stack.
"""

import importlib
import json
import resource
import statistics
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.bench.work import STAMPS

AT_ONCE = 10
"""Steps whose median stands for the first and for the last."""


def _memory() -> int:
    """What this process holds now, in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def _growth() -> float:
    steps = [after - before for before, after in pairwise(STAMPS)]
    return statistics.median(steps[-AT_ONCE:]) / statistics.median(steps[:AT_ONCE])


def measured(stack: str, calls: int) -> dict[str, Any]:
    """What a turn of *calls* cost."""
    take = importlib.import_module(f"tests.bench.stacks.{stack}").take
    if not calls:
        return {}
    take(3)  # whatever is loaded when first needed
    before, began = _memory(), time.process_time_ns()
    try:
        take(calls)
        if len(STAMPS) != calls + 1:
            raise RuntimeError(f"it ended after {len(STAMPS)} model calls")  # noqa: TRY301 -- as good as any error of the stack's own
    except Exception as error:  # noqa: BLE001 -- the stack's result
        return {"error": f"{type(error).__name__} after {len(STAMPS)} model calls"}
    spent = (time.process_time_ns() - began) / 1000 / calls
    return {"microseconds": spent, "kib": _memory() - before, "growth": _growth()}


if __name__ == "__main__":
    sys.stdout.write("\n" + json.dumps(measured(sys.argv[1], int(sys.argv[2]))))
