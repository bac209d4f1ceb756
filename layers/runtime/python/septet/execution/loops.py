"""Loops: the same call again and again, and work that agents pass to and fro."""

from collections import Counter
from typing import Any

from septet.core.entries import Answer, Entry, HandOver, ToolCall

TO_AND_FRO = 3
"""As many hand-overs between the same two agents, with nobody else between, are a loop: A to B, B to A, A to B."""
SAME_WAY = 3
"""As many hand-overs from one agent to one other in a branch are a loop, whoever came between: agents in a ring pass nothing to and fro."""


class Repeats:
    """Identical calls in a row."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._last: tuple[str, Any] | None = None
        self._in_a_row = 0
        self.tool = ""
        """What is called in a loop; empty while nothing is."""

    def take(self, call: ToolCall) -> None:
        """Take in the next call."""
        same = (call.tool, call.arguments)
        self._in_a_row = self._in_a_row + 1 if same == self._last else 1
        self._last = same
        if self._in_a_row >= self._most:
            self.tool = call.tool


class Passes:
    """The hand-overs of a branch."""

    def __init__(self) -> None:
        self._pair: frozenset[str] = frozenset()
        self._in_a_row = 0
        self._ways: Counter[tuple[str, str]] = Counter()

    def take(self, entry: Entry) -> None:
        """Take in the branch's next entry that ends a turn."""
        match entry.body:
            case HandOver(to=to):
                pair = frozenset((entry.agent, to))
                self._in_a_row = self._in_a_row + 1 if pair == self._pair else 1
                self._pair = pair
                self._ways[entry.agent, to] += 1
            case Answer() if entry.agent not in self._pair:
                self._in_a_row = 0

    def loop(self, agent: str, to: str) -> str:
        """What another hand-over from *agent* to *to* would be; empty when it is no loop."""
        if self._pair == {agent, to} and self._in_a_row + 1 >= TO_AND_FRO:
            return f"{agent} and {to} pass the work to and fro"
        if self._ways[agent, to] + 1 >= SAME_WAY:
            return f"{agent} has handed over to {to} {SAME_WAY - 1} times already"
        return ""
