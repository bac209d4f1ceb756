"""The command about what runs have cost."""

from typing import Annotated

import typer

from local.cli import cost_views
from local.cli.api import Api
from local.cli.consoles import out, print_json, show
from local.cli.options import Json
from local.cli.outcomes import BadUsage
from local.cli.platform import OPERATOR, on_platform
from local.cli.surroundings import Surroundings

BY = ("workflow", "agent", "model", "run", "day", "tenant")
"""What sums are told apart by."""


def add(septet: typer.Typer) -> None:
    """Add it."""
    septet.command(rich_help_panel="Money")(costs)


@on_platform(OPERATOR)
def costs(
    outside: Surroundings,  # noqa: ARG001 -- on_platform gives it to every command
    api: Api,
    *,
    since: Annotated[
        str, typer.Option("--from", metavar="DAY", help="The first day (UTC), e.g. 2026-11-23. Default: the last 7.", show_default=False)
    ] = "",
    until: Annotated[str, typer.Option("--to", metavar="DAY", help="The last day (UTC). Default: today.", show_default=False)] = "",
    by: Annotated[str, typer.Option(metavar="WHAT", help=f"What to tell apart: {', '.join(BY)}.")] = BY[0],
    workflow: Annotated[str, typer.Option(metavar="WORKFLOW", help="Only this one's runs.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """Show what runs have cost, by workflow, agent, model, run or day: as the ledger settled it, 92 days at most.

    Figures follow the journals within seconds. It takes the role auditor, operator or admin; --by tenant, of every one,
    a role in the tenant that operates the platform (on the twin: --tenant operations).
    """
    if by not in BY:
        raise BadUsage(f"--by {by!r} is nothing that costs are told apart by", fix=f"give one of: {', '.join(BY)}")
    found = api.costs({"from": since, "to": until, "by": by, "workflow": workflow})
    if as_json:
        print_json(found)
    else:
        show(cost_views.costs(found, by=by, width=out().width))
