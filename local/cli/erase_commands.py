"""The command that erases content."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from local.cli.api import Api
from local.cli.consoles import print_json, show
from local.cli.options import Json
from local.cli.outcomes import BadUsage, Exit
from local.cli.plain import counted
from local.cli.platform import ADMIN, on_platform
from local.cli.surroundings import Surroundings

THEIRS = {"run": "called that", "person": "theirs", "tenant": "the tenant's"}
"""What no run is when there is nothing to erase, by what was named."""


def add(septet: typer.Typer) -> None:
    """Add this command."""
    septet.command(rich_help_panel="Audit")(erase)


@on_platform(ADMIN)
def erase(
    outside: Surroundings,  # noqa: ARG001 -- every command gets its surroundings
    api: Api,
    *,
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="The content of one run.", show_default=False)] = "",
    person: Annotated[
        str, typer.Option("--person", metavar="SUBJECT", help="Of all runs this subject submitted.", show_default=False)
    ] = "",
    all_of: Annotated[
        str, typer.Option("--all-of", metavar="TENANT", help="Of all runs of your tenant; name it.", show_default=False)
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. What is erased does not come back.")] = False,
    as_json: Json = False,
) -> None:
    """Erase what people, models and tools said: bodies, results, what questions quote. Hashes stay, so journals verify as before.

    Runs that go on are kept and named; it exits 1 then: do it again when they have ended. If it breaks off, doing it again finishes it.
    It takes the role admin, which on the twin `admin` has by default; who asked is recorded.
    """
    given = {"run": run, "person": person, "tenant": all_of}
    wanted = [{"of": of, "subject": subject} for of, subject in given.items() if subject]
    if not wanted:
        raise BadUsage("it is not said what to erase", fix="give one of --run, --person and --all-of")
    if len(wanted) > 1:
        raise BadUsage(f"{len(wanted)} things to erase are named", fix="give only one of --run, --person and --all-of")
    (one,) = wanted
    if not yes:
        typer.confirm(f"Erase the content of {one['of']} {one['subject']}? It does not come back.", abort=True, err=True)
    erased, kept, name = set[str](), dict[str, str](), ""
    for done in _slices(api, one):
        erased |= set(done["erased"])
        kept |= done["kept"]
        name = done["erasure"]
    if as_json:
        print_json({"erasure": name, "erased": sorted(erased), "kept": kept})
    else:
        told = f"the content of {counted(len(erased), 'run', 'runs')} is erased"
        if not erased | kept.keys():
            told = f"nothing was erased: no run is {THEIRS[one['of']]}"
        show("\n".join([told, *(f"kept {run}: {why}" for run, why in kept.items())]))
    if kept:
        raise typer.Exit(Exit.FAILED)


def _slices(api: Api, wanted: dict[str, str]) -> Iterator[Any]:
    """What each request did, until there is no more."""
    asked = dict(wanted)
    while True:
        done = api.erase(asked)
        yield done
        if not done["more"]:
            return
        asked = wanted | {"erasure": done["erasure"]} | ({"cursor": done["next"]} if done["next"] else {})
