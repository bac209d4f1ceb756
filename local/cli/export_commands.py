"""The command that writes a run into a file."""

from pathlib import Path
from typing import Annotated

import typer

from local.cli.api import Api
from local.cli.consoles import print_json, show
from local.cli.exporting import export
from local.cli.options import Json
from local.cli.outcomes import BadUsage
from local.cli.plain import counted
from local.cli.platform import AUDITOR, on_platform
from local.cli.surroundings import Surroundings


def add(septet: typer.Typer) -> None:
    """Add this command."""
    septet.command(name="export", rich_help_panel="Audit")(exported)


@on_platform(AUDITOR)
def exported(
    outside: Surroundings,  # noqa: ARG001 -- every command gets its surroundings
    api: Api,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", show_default=False)],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="A file there is not yet.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Write a run into one file that holds all of it: record, entries, bodies, and the proof that seals have them.

    `septet audit verify FILE` checks it, and asks nobody. It takes the role auditor, operator or admin; a submitter exports their own.
    """
    if output.exists():
        raise BadUsage(f"{output} is there already", fix="name another file with -o")
    end = export(api, run_id, output)
    if as_json:
        print_json({"run": run_id, "file": str(output), **end})
    else:
        sealed = counted(end["proofs"], "seal has it", "seals have it") if end["proofs"] else "no seal has it yet"
        entries = counted(end["entries"], "entry", "entries")
        show(f"{output} holds {entries} of {run_id}; {sealed}\ncheck it: septet audit verify {output}")
