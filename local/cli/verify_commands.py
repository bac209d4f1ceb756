"""The command that checks a journal: on this machine, from what is stored, without trusting the platform's word."""

from typing import Annotated

import typer

from local.cli import verify_views
from local.cli.api import Api
from local.cli.consoles import print_json, show
from local.cli.options import Json
from local.cli.outcomes import Exit
from local.cli.platform import OPERATOR, on_platform
from local.cli.surroundings import Surroundings
from local.cli.verifying import checked_budget, checked_run

BUDGET = "budget"


def add(septet: typer.Typer) -> None:
    """Add this command."""
    septet.command(rich_help_panel="Runs")(verify)


@on_platform(OPERATOR)
def verify(
    outside: Surroundings,  # noqa: ARG001 -- every command gets its surroundings
    api: Api,
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help=f"The run's id, or `{BUDGET}` for the history of limits.", show_default=False)
    ],
    *,
    as_json: Json = False,
) -> None:
    """Check that every entry of a run's journal is where and what it was.

    The entries are read as they are stored and checked on this machine. It exits 1 when anything is found: an entry or a body that was
    changed, removed, moved or put in, or costs that are not what the ledger charged. Entries cut off at the end of a branch leave no gap:
    keep the head hash, and compare it. It takes the role auditor, operator or admin; a submitter verifies their own runs.
    """
    found = checked_budget(api) if run_id == BUDGET else checked_run(api, run_id)
    if as_json:
        print_json(found.document())
    else:
        show(verify_views.verdict(found))
    if found.findings:
        raise typer.Exit(Exit.FAILED)
