"""Failures as a terminal shows them."""

from rich.console import Group, RenderableType
from rich.text import Text

from local.cli.api import Document
from local.cli.moments import when
from local.cli.plain import counted, plain
from local.cli.run_views import to_type
from local.cli.style import LABEL, NAME
from local.cli.tables import Fitted
from septet.core.money import dollars
from septet.observability.failures import KINDS


def failures(found: Document, *, now: float) -> RenderableType:
    """Groups of failures, each with its latest run, and what their kinds mean; *now* in seconds since the epoch."""
    days = f"from {plain(found['since'])} to {plain(found['until'])}"
    groups = found["groups"]
    if not groups:
        return Text(f"No run failed {days}.")
    flagged = any(one.get("flagged") for one in groups)
    more = ("flagged",) if flagged else ()
    table = Fitted("runs", "kind", "error", "workflow", "agent", "cost", "last", *more, spare=("last", "cost"), right=("runs", "flagged"))
    for one in groups:
        table.add_row(
            f"{one['count']:,}",
            Text(plain(one["kind"]), style=NAME),
            *(Text(plain(one[name])) for name in ("error", "workflow", "agent")),
            dollars(one["cost_microdollars"]),
            when(one["last"], now=now),
            *(f"{one['flagged']:,}" if one["flagged"] else "" for _ in more),
        )
    parts: list[RenderableType] = [Text(f"{counted(found['count'], 'run', 'runs')} failed {days}."), table, Text()]
    parts += [Text(f"{name}: {means}.", style=LABEL) for name, means in KINDS.items() if any(one["kind"] == name for one in groups)]
    if flagged:
        parts.append(to_type("septet runs --flagged any --status failed", before="flagged: took far more than usual while they ran: "))
    if found.get("counted_from"):
        parts.append(Text(f"There were more before {when(found['counted_from'], now=now)}: ask for fewer days.", style="yellow"))
    parts.append(Text("Why, of each the latest:"))
    return Group(*parts, *(to_type(f"septet explain {one['runs'][0]}", before=f"  {plain(one['error'])}: ") for one in groups))
