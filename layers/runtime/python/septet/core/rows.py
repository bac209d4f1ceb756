"""The rows of a batch: which run works on each, and what became of it. Nothing of what a row says is kept here."""

from collections.abc import Sequence
from typing import Literal, Protocol

from septet.core.frozen import frozen
from septet.core.runs import Status

RowStatus = Literal[Status, "rejected", "unfinished"]
"""A run's; ``rejected`` for a row that cannot be read, for which there is no run; ``unfinished`` for one of which nothing is known."""


@frozen
class Row:
    """One row."""

    number: int
    """From 1, in the order of the file, without its header and its empty lines."""
    run: str = ""
    """The run that works on it; empty while there is none."""
    status: RowStatus = "running"
    error: str = ""
    """Name of an error class."""
    message: str = ""
    """For a row that was rejected: its line, the field, and what is wrong with it. Never the value."""
    origin: str = ""
    """The run that worked on it first, where it is done again: what that one did counts as done. Empty for the first."""


@frozen
class Plan:
    """What is known of a batch's file, and how far its results are written."""

    rows: int
    """All of them, those that are rejected too."""
    tolerated: int
    """How many of them may fail."""
    segments: tuple[int, ...] = ()
    """The first rows of the parts of the results that are written."""
    following: int = 1
    """The row with which the next part begins."""


class Rows(Protocol):
    """Storage of rows, by tenant and the batch's run. Every method raises StoreUnavailable when the store fails, and can be repeated."""

    def plan(self, tenant: str, batch: str) -> Plan | None:
        """The batch's plan, read consistently; None before there is one."""
        ...

    def keep(self, tenant: str, batch: str, plan: Plan) -> None:
        """Note *plan* in place of any before."""
        ...

    def put(self, tenant: str, batch: str, rows: Sequence[Row]) -> None:
        """Note *rows* in place of those with their numbers."""
        ...

    def begin(self, tenant: str, batch: str, row: Row) -> Row:
        """Note that another run begins to work on the row; what stands if that run was noted before. Returns what stands now."""
        ...

    def settle(self, tenant: str, batch: str, row: Row) -> None:
        """Note what became of the row, unless another run works on it by now."""
        ...

    def read(self, tenant: str, batch: str, *, after: int = 0, limit: int = 1_000) -> tuple[Row, ...]:
        """At most *limit* of the rows that were noted, those numbered above *after*, in order, read consistently."""
        ...
