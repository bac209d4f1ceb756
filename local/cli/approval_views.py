"""Questions to a person as a terminal shows them: raw values and where each came from, never a model's words about them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.cli.api import Document
from local.cli.moments import clock, left
from local.cli.plain import plain
from local.cli.run_views import how_to_decide, status
from local.cli.style import LABEL, NAME


def approvals(found: Sequence[Document], *, now: float) -> RenderableType:
    """Some questions, each with all that a person needs to decide."""
    if not found:
        return Text("Nothing waits for a decision.")
    return Group(*(part for one in found for part in (approval(one, now=now), Text())))


def approval(one: Document, *, now: float) -> RenderableType:
    """One question; *now* in seconds since the epoch."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=LABEL, no_wrap=True, width=11)
    grid.add_column(overflow="fold")
    grid.add_row("  call", Text(plain(one["tool"]), style=NAME))
    grid.add_row("", _values(one["arguments"]))
    for evidence in one["evidence"]:
        grid.add_row("  evidence", Text(plain(f"{evidence['name']}, read by {evidence['source']}")))
        grid.add_row("", _values(evidence["value"]))
    grid.add_row("  asked", Text(plain(f"by {one['asked_by']}, {clock(one['asked_at'])}")))
    grid.add_row("  run", Text(plain(one["run"])))
    return Group(_head(one, now=now), grid, *_foot(one))


def _head(one: Document, *, now: float) -> Text:
    head = Text(plain(one["id"]), style=NAME).append("  ").append_text(status(one["status"]))
    return head.append(f"  {left(one['expires_at'], now=now)} left", style=LABEL) if one["status"] == "pending" else head


def _foot(one: Document) -> Iterable[RenderableType]:
    if one["status"] == "pending":
        return how_to_decide(one["id"], indent=2)
    if not one.get("decided_by"):
        return ()
    decided = Text("  decided    ", style=LABEL)
    return (decided.append(plain(f"by {one['decided_by']}: {one.get('reason') or '(no reason given)'}"), style="default"),)


def _values(value: Any) -> RenderableType:
    """Every field on a line of its own, uncut."""
    if not isinstance(value, Mapping):
        return Text(plain(value))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=LABEL, overflow="fold")
    grid.add_column(overflow="fold")
    for name, item in value.items():
        grid.add_row(Text(plain(name)), Text(plain(item)))
    return grid
