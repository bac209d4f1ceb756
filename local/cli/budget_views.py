"""Money as a terminal shows it."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.cli.api import Document
from local.cli.moments import when
from local.cli.plain import plain
from local.cli.style import LABEL, NAME
from septet.core.money import dollars

_MEANS = {
    "day": "all runs started on one day (UTC)",
    "run": "the most one run may ask for",
    "usual": "what a run gets that asks for nothing",
}


def budget(found: Document) -> RenderableType:
    """A tenant's limits and its day."""
    limits, today = found["limits"], found["today"]
    table = _table("limit", "dollars", "for")
    for name, meaning in _MEANS.items():
        table.add_row(Text(name, style=NAME), dollars(limits[f"{name}_microdollars"]), meaning)
    spent = Text(f"\n{plain(today['date'])}: {dollars(today['spent_microdollars'])} spent", style="")
    spent.append(f", {dollars(today['reserved_microdollars'])} held by runs")
    spent.append(f", {dollars(today['available_microdollars'])} left of {dollars(today['limit_microdollars'])}")
    return Group(table, spent)


def history(entries: Sequence[Document], *, now: float) -> RenderableType:
    """Who changed which limit; *now* in seconds since the epoch."""
    if not entries:
        return Text("Nobody has changed a limit: the platform's defaults hold.")
    table = _table("when", "by", "limit", "from", "to")
    for entry in entries:
        body = entry["body"]
        if entry["type"] != "limit_set":
            table.add_row(when(entry["at"], now=now), "", Text(plain(entry["type"])), "", "")
            continue
        changed = (dollars(body["before"]), dollars(body["after"]))
        table.add_row(when(entry["at"], now=now), Text(plain(body["by"])), Text(plain(body["name"]), style=NAME), *changed)
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=LABEL)
    for name in names:
        table.add_column(name, overflow="fold")
    return table
