"""Commands that say why a run went as it did."""

from typing import Annotated

import typer
from rich.text import Text

from local.cli.api import Api
from local.cli.consoles import err, out, print_json
from local.cli.explain_views import Explained
from local.cli.options import Json
from local.cli.outcomes import BadUsage
from local.cli.plain import counted, plain
from local.cli.platform import OPERATOR, on_platform
from local.cli.style import LABEL
from local.cli.surroundings import Surroundings
from local.cli.trace_page import page, write

_RUN = typer.Argument(metavar="RUN", help="The run's id.", show_default=False)


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (explain, trace):
        septet.command(rich_help_panel="Runs")(command)


@on_platform(OPERATOR)
def explain(
    outside: Surroundings,
    api: Api,
    run_id: Annotated[str, _RUN],
    *,
    every: Annotated[bool, typer.Option("--all", help="Show each step by itself, however many there are, with every reason.")] = False,
    as_json: Json = False,
) -> None:
    """Say why each step of a run happened, and where its answer's values come from.

    A line for each step: when, how long, who, what, for which reasons (a policy's, a person's …), with which labels, for how much.
    """
    del outside
    found = api.explanation(run_id)
    if as_json:
        print_json(found)
        return
    out().print(Explained(found, every=every), crop=False)


@on_platform(OPERATOR)
def trace(
    outside: Surroundings,
    api: Api,
    run_id: Annotated[str, _RUN],
    *,
    html: Annotated[str, typer.Option("--html", metavar="FILE", help="Where to write the page; - for standard output.")] = "",
) -> None:
    """Write a run as one self-contained page: waterfall, reasons, lineage. It needs no network and runs no script.

    It holds what the run's journal holds: whoever gets the file can read that.
    """
    del outside
    if not html:
        raise BadUsage("it is not said where to write the page", fix=f"septet trace {plain(run_id)} --html FILE")
    found = api.explanation(run_id)
    write(page(found), html)
    if html != "-":
        steps = counted(found["steps_in_all"], "step", "steps")
        err().print(Text(f"{plain(html)} has the run's {steps}. It holds what its journal holds.", style=LABEL))
