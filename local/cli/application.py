"""The command `septet`: every command with its name, and how failures end."""

from typing import Any

import typer
from typer.core import TyperGroup

from local.cli import (
    approval_commands,
    audit_commands,
    batch_commands,
    budget_commands,
    cost_commands,
    erase_commands,
    explain_commands,
    export_commands,
    failure_commands,
    inquiry_commands,
    replay_commands,
    run_commands,
    session_commands,
    stop_commands,
    twin_commands,
    verify_commands,
)
from local.cli.consoles import complain
from local.cli.outcomes import CommandFailed, Exit
from local.twin.errors import TwinError

_ABOUT = """Run AI agents on AWS within bounds, and see what they do.

`up`, `deploy`, `status`, `token` and `down` drive the twin: the whole platform on this machine. The others talk to a platform's HTTP API:
the running twin, or any other with --url and --token.

Exit status: 0 done; 1 the run did not succeed or its journal is not as it was, or the twin could not do it; 2 wrong usage; 3 the platform
cannot be reached or refused; 130 interrupted.
"""


class _Commands(TyperGroup):
    """Turns foreseeable failures into a sentence and an exit status."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # typer's own name for click's context
        try:
            return super().invoke(ctx)
        except TwinError as failed:
            complain(CommandFailed(failed.what, fix=failed.remedy))
            raise typer.Exit(Exit.FAILED) from failed
        except CommandFailed as failed:
            complain(failed)
            raise typer.Exit(failed.code) from failed


def application() -> typer.Typer:
    """The application; invoke it with a `Surroundings` as ``obj``."""
    septet = typer.Typer(
        cls=_Commands,
        help=_ABOUT,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for module in (
        twin_commands,
        run_commands,
        explain_commands,
        failure_commands,
        replay_commands,
        batch_commands,
        stop_commands,
        session_commands,
        verify_commands,
        audit_commands,
        export_commands,
        erase_commands,
        approval_commands,
        inquiry_commands,
        budget_commands,
        cost_commands,
    ):
        module.add(septet)
    return septet
