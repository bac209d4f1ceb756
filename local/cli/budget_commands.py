"""Commands about money: what a tenant may spend, and has spent today."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

import typer

from local.cli import budget_views
from local.cli.api import Api
from local.cli.consoles import print_json, show
from local.cli.inputs import checked_amount
from local.cli.options import Json
from local.cli.outcomes import BadUsage
from local.cli.platform import ADMIN, OPERATOR, on_platform
from local.cli.surroundings import Surroundings

_PANEL = "Money"


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    budget = typer.Typer(invoke_without_command=True)
    budget.callback()(_alone(shown))
    budget.command(name="set")(changed)
    budget.command(name="history")(history)
    septet.add_typer(budget, name="budget", rich_help_panel=_PANEL)


def _alone(command: Callable[..., None]) -> Callable[..., None]:
    """*command* where no further command follows it; its options do not hold for that one, so they are refused there."""

    @wraps(command)
    def called(context: typer.Context, **given: Any) -> None:
        if context.invoked_subcommand is None:
            command(context, **given)
        elif any((source := context.get_parameter_source(name)) and source.name == "COMMANDLINE" for name in given):
            word = context.invoked_subcommand
            raise BadUsage(f"an option stands before {word}", fix=f"write it after: septet budget {word} …")

    return called


@on_platform(OPERATOR)
def shown(outside: Surroundings, api: Api, *, as_json: Json = False) -> None:  # noqa: ARG001 -- every command gets its surroundings
    """Show the tenant's limits, and what was spent today.

    `septet budget set` changes a limit, `septet budget history` shows who did.
    """
    found = api.budget()
    if as_json:
        print_json(found)
    else:
        show(budget_views.budget(found))


@on_platform(ADMIN)
def changed(
    outside: Surroundings,  # noqa: ARG001 -- on_platform gives it to every command
    api: Api,
    *,
    day: Annotated[str, typer.Option(metavar="DOLLARS", help="All runs that are started on one day (UTC).", show_default=False)] = "",
    run: Annotated[str, typer.Option(metavar="DOLLARS", help="The most that one run may ask for.", show_default=False)] = "",
    usual: Annotated[str, typer.Option(metavar="DOLLARS", help="What a run gets that asks for nothing.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """Change limits of the tenant; today's included. The journal has it before it holds.

    It takes the role admin, which on the twin `admin` has by default.
    """
    given = {"--day": day, "--run": run, "--usual": usual}
    wanted = {option.removeprefix("--"): checked_amount(option, amount) for option, amount in given.items() if amount}
    if not wanted:
        raise BadUsage("no limit is named", fix="give one or more of --day, --run and --usual, e.g. septet budget set --day 20")
    found = api.set_budget(wanted)
    if as_json:
        print_json(found)
    else:
        show(budget_views.budget(found))


@on_platform(OPERATOR)
def history(outside: Surroundings, api: Api, *, as_json: Json = False) -> None:
    """Show who changed which limit, oldest first. It takes the role auditor, operator or admin."""
    entries = api.budget_history()
    if as_json:
        print_json({"entries": entries})
    else:
        show(budget_views.history(entries, now=outside.now()))
