"""The work that every stack does: a model that takes no time asks for N additions, one at a time, and then answers."""

import time

SYSTEM = ("You are a careful arithmetic agent. Use the add tool. " * 20)[:1024]
ASKED = "add the numbers"
DESCRIPTION = "Add two numbers."
STAMPS: list[int] = []
"""Processor time, in nanoseconds, at each model call of the turn that is taken."""
_left = [0]


def begin(calls: int) -> None:
    """Start a turn of *calls* tool calls."""
    STAMPS.clear()
    _left[0] = calls


def next_call() -> dict[str, int] | None:
    """What the model says now: the arguments of the next addition, or None for its answer."""
    STAMPS.append(time.process_time_ns())
    _left[0] -= 1
    return {"a": _left[0], "b": 1} if _left[0] >= 0 else None
