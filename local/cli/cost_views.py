"""What runs have cost, as a terminal shows it."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.cli.api import Document
from local.cli.plain import plain
from local.cli.style import LABEL, NAME
from septet.core.money import dollars

_BAR = 16
"""Characters of the whole."""
_BROAD = 96
"""Columns of a terminal that takes bars and tokens; a narrower one shows the money alone."""
_ESTIMATED = {"platform ~": "platform_microdollars", "of it endpoints ~": "endpoint_microdollars"}
"""Columns of what is beside the cost; one that has nothing is left out."""
_PLATFORM = "the platform"
"""Stands for the name of what no agent and no model did."""


def costs(found: Document, *, by: str, width: int) -> RenderableType:
    """The sums with their shares, and the total, for a terminal of *width* columns."""
    days = found["since"] if found["since"] == found["until"] else f"{found['since']} to {found['until']}"
    if not found["sums"]:
        return Text(f"No run has cost anything: {plain(days)} (UTC).")
    broad, estimated = width >= _BROAD, [title for title, name in _ESTIMATED.items() if found["total"][name]]
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=LABEL)
    table.add_column(by, overflow="fold")
    for name in ("cost", "share", *(("", "calls", "in", "out", "cached") if broad else ()), *estimated):
        table.add_column(name, justify="left" if not name else "right", no_wrap=True)
    for one in found["sums"]:
        name = plain(one["name"]) if one["name"] else _PLATFORM
        table.add_row(Text(name, style=NAME), *_figures(one, found["total"], broad=broad, estimated=estimated))
    table.add_section()
    table.add_row(Text("total", style=LABEL), *_figures(found["total"], found["total"], broad=broad, estimated=estimated))
    said: list[RenderableType] = [Text(f"{plain(days)} (UTC)", style=LABEL), table]
    return Group(*said, Text("~ estimated by list prices, and not in the cost", style=LABEL)) if estimated else Group(*said)


def _figures(one: Document, total: Document, *, broad: bool, estimated: Iterable[str]) -> list[str]:
    whole = total["cost_microdollars"]
    share = one["cost_microdollars"] / whole if whole else 0.0
    counted = [f"{one[name]:,}" for name in ("model_calls", "tokens_in", "tokens_out", "tokens_cached")] if broad else []
    bar = [_bar(share)] if broad else []
    return [
        dollars(one["cost_microdollars"]),
        f"{share:.0%}",
        *bar,
        *counted,
        *(dollars(one[_ESTIMATED[title]]) if one[_ESTIMATED[title]] else "" for title in estimated),
    ]


def _bar(share: float) -> str:
    """As long as the *share*; what is above nothing shows."""
    eighths = max(round(share * _BAR * 8), 1 if share else 0)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
