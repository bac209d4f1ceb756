"""Replays as a terminal shows them."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.cli.api import Document
from local.cli.plain import counted, plain
from local.cli.run_views import to_type
from local.cli.style import LABEL, NAME


def progress(found: Document) -> str:
    """How far a replay is, in one line."""
    line = f"{counted(found['done'], 'run', 'runs')} told again, {counted(found['entries'], 'entry', 'entries')}"
    return line + (f"; it waits: {plain(found['reason'])}" if found["reason"] else "")


def replay(found: Document) -> RenderableType:
    """A replay, how far it is, and of which runs something could not be told."""
    head = Text(plain(found["id"]), style=NAME)
    head.append(f"  {found['status']}: {progress(found)}", style="")
    parts: list[RenderableType] = [head]
    if found["failures"]:
        parts.append(_failures(found))
    if found["failed"] > len(found["failures"]):
        parts.append(Text(f"and {found['failed'] - len(found['failures'])} more"))
    if found["failures"]:
        parts.append(to_type(f"septet replay --run {found['failures'][0]['run']}", before="One of them again: "))
    if found["status"] == "stalled":
        parts.append(to_type(f"septet replay {found['id']} --resume", before="Once the trouble is over: "))
    if found["status"] == "running":
        parts.append(to_type(f"septet replay {found['id']}", before="It goes on: "))
    return Group(*parts)


def _failures(found: Document) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=LABEL)
    for name in ("run", "not told"):
        table.add_column(name, overflow="fold")
    for one in found["failures"]:
        table.add_row(Text(plain(one["run"])), Text(plain(one["reason"])))
    return table
