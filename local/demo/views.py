"""The end of the demo as a terminal shows it."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local.cli import run_views
from local.cli.plain import plain
from local.cli.run_views import to_type
from local.cli.story import Failed
from local.cli.style import LABEL, NAME
from local.demo.verdict import Played
from local.twin.status import Status
from septet.core.money import dollars
from septet.observability.explaining.reasons import CHARGED

_NUMBERS = ("model\ncalls", "calls\nfailed", "tool\ncalls", "tokens", "cost", "seconds")


def runs(played: Sequence[Played]) -> RenderableType:
    """The runs in a table; below it their executions, whose ARNs fit into no column."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=LABEL)
    table.add_column("run", style=NAME)
    table.add_column("path", overflow="fold", ratio=1)
    table.add_column("outcome", no_wrap=True)
    for name in _NUMBERS:
        table.add_column(name, justify="right")
    for one in played:
        run = one.run
        tokens = run["tokens"]["input"] + run["tokens"]["output"]
        table.add_row(
            one.case.name,
            Text(plain(run_views.path(run))),
            run_views.status(run["status"]),
            str(run["model_calls"]),
            str(run["model_calls_failed"] or "-"),
            str(run["tool_calls"]),
            f"{tokens:,}",
            dollars(run["cost_microdollars"]),
            run_views.took(run).removesuffix(" s"),
        )
    executions = (Text(f"{one.case.name}   {plain(one.run['execution'])}", no_wrap=True, overflow="ignore", style=LABEL) for one in played)
    return Group(table, Text("\nTheir executions in Step Functions (septet watch RUN --json has a run's)", style=LABEL), *executions)


def charged(failed: Failed) -> str:
    """Why model calls that failed cost something."""
    return f"Of that, {dollars(failed.cost)} is of calls that failed, {CHARGED}."


def doubles(status: Status) -> RenderableType:
    """What was not the real thing."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=NAME, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, what in _doubles(status):
        grid.add_row(Text(name), Text(what))
    return Group(Text("What is not the real thing", style=NAME), grid)


def _doubles(status: Status) -> Iterator[tuple[str, str]]:
    yield "  AWS", "LocalStack 4.14.0, an emulator; each Lambda function is a process of its own"
    if status.model and status.model.backend == "forward":
        yield "  models", f"a real model answered: {status.model.detail}"
    else:
        yield "  models", "a test double played local/scenarios/support.yaml: no model ran, so tokens and costs are made up"
    yield "  tokens", "a double of an identity provider signed them"
    if status.not_emulated:
        yield "  the rest", f"{len(status.not_emulated)} things of AWS are not emulated: septet status --all says which, and why"


def next_steps() -> RenderableType:
    """What to type now."""
    return Group(
        Text("What to type next", style=NAME),
        to_type("export PATH=$PWD/.venv/bin:$PATH", before="  "),
        to_type('septet run support "What are your opening hours?"', before="  "),
        to_type('septet run support "I want my money back for order A-1004."', before="  ").append("  # waits for you", style=LABEL),
        _hint("It stays open until somebody decides, in another terminal in this folder (or start it with --no-watch):"),
        to_type("septet approvals", before="  ").append("  # what waits, and how to decide", style=LABEL),
        _hint("A refund takes what can be refunded from its order; make demo writes all orders anew."),
        to_type("septet runs", before="  "),
        to_type("septet status", before="  "),
        to_type("make down", before="  ").append("  # ends the twin, which stays up until then", style=LABEL),
    )


def _hint(words: str) -> RenderableType:
    """What to know about the command before it; every line of it stands in from the edge."""
    return Padding(Text(words, style=LABEL), (0, 0, 0, 4))
