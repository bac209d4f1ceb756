"""The command about what failed."""

import typer

from local.cli import failure_views
from local.cli.api import Api
from local.cli.consoles import print_json, show
from local.cli.options import Json, Since, Until, Workflow
from local.cli.platform import OPERATOR, on_platform
from local.cli.surroundings import Surroundings


def add(septet: typer.Typer) -> None:
    """Add the command."""
    septet.command(rich_help_panel="Runs")(failures)


@on_platform(OPERATOR)
def failures(
    outside: Surroundings,
    api: Api,
    *,
    since: Since = "",
    until: Until = "",
    workflow: Workflow = "",
    as_json: Json = False,
) -> None:
    """Show why runs did not succeed: alike ones together, the most frequent first, each with examples.

    Without --from: of the last seven days.
    """
    named = {"from": since, "to": until, "workflow": workflow}
    found = api.failures({name: value for name, value in named.items() if value})
    if as_json:
        print_json(found)
    else:
        show(failure_views.failures(found, now=outside.now()))
