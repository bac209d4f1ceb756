"""Commands that stop what runs, and that say what does."""

from typing import Annotated

import typer

from local.cli import stop_views
from local.cli.api import Api, Document
from local.cli.consoles import err, print_json, show
from local.cli.options import Json
from local.cli.outcomes import BadUsage, Exit
from local.cli.platform import OPERATOR, on_platform
from local.cli.surroundings import Surroundings

_PANEL = "Stopping"
_PAUSE = 0.5
"""Seconds between two looks at a stop."""
_MOST = 1_000
"""Runs that are shown at once."""
_LIFT = "lift"


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (stop, stops, running):
        septet.command(rich_help_panel=_PANEL)(command)


@on_platform(OPERATOR)
def stop(
    outside: Surroundings,
    api: Api,
    what: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN | STOP | lift STOP]", help="A run to stop, a stop to see or to lift.")
    ] = None,
    *,
    agent: Annotated[str, typer.Option(metavar="AGENT", help="Stop this agent in all of the tenant's runs.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Stop the whole tenant.")] = False,
    platform: Annotated[bool, typer.Option("--platform", help="Stop everybody; for operators of the operating tenant.")] = False,
    reason: Annotated[str, typer.Option(help="Why; it is kept, and shown to whoever looks.")] = "",
    watching: Annotated[bool, typer.Option("--watch/--no-watch", help="Wait until nothing runs any more.")] = True,
    as_json: Json = False,
) -> None:
    """Stop a run with all that it started, an agent, the tenant or the platform, and show the proof.

    Exit status 0 once nothing runs any more. What was stopped stays stopped; `septet stop lift STOP` lets new runs start.
    """
    found = _done(api, what or [], {"agent": agent, "tenant": everything, "platform": platform}, reason)
    if watching and found["finished_at"] is None:
        found = _watched(api, found, outside)
    runs = api.stopped_runs(found["id"])
    if as_json:
        print_json({**found, "runs": runs, "next": None})
    else:
        show(stop_views.proof(found, runs))
    if found["running"]:
        raise typer.Exit(Exit.FAILED)


def _done(api: Api, what: list[str], wide: dict[str, str | bool], reason: str) -> Document:
    """The stop that is asked for: made, lifted or looked up."""
    chosen = [scope for scope, given in wide.items() if given]
    if len(chosen) + bool(what) != 1:
        raise BadUsage("say one thing to stop", fix="septet stop RUN, or --agent AGENT, --all or --platform")
    if what[:1] == [_LIFT] and len(what) == len((_LIFT, "STOP")):
        return api.lift(what[1])
    if len(what) > 1:
        raise BadUsage(f"{what[1]} is one too many", fix="stop one run at a time, or --all")
    if what and what[0].startswith("stp-"):
        return api.stop(what[0])
    if not reason:
        raise BadUsage("a stop needs a reason", fix='add --reason "…"')
    if what:
        return api.stop_run(what[0], reason)
    return api.stop_all(chosen[0], str(wide["agent"]), reason)


def _watched(api: Api, found: Document, outside: Surroundings) -> Document:
    """The stop once it has finished, with a line on standard error for each step."""
    said = ""
    try:
        while True:
            if (line := stop_views.progress(found)) != said:
                err().print(line, highlight=False)
                said = line
            if found["finished_at"]:
                return found
            outside.wait(_PAUSE)
            found = api.stop(found["id"])
    except KeyboardInterrupt:
        err().print(f"The stop goes on without you. See it again: septet stop {found['id']}", highlight=False)
        return found


@on_platform(OPERATOR)
def stops(outside: Surroundings, api: Api, *, as_json: Json = False) -> None:  # noqa: ARG001 -- every command gets its surroundings
    """List what the tenant has stopped, newest first."""
    found = api.stops()
    if as_json:
        print_json({"stops": found})
    else:
        show(stop_views.stops(found))


@on_platform(OPERATOR)
def running(
    outside: Surroundings,
    api: Api,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="Every tenant's; for operators of the operating tenant.")] = False,
    as_json: Json = False,
) -> None:
    """Show everything that runs, with age and spending; what a run started stands below it.

    Of other tenants' runs only the list is shown: what they spend and do is theirs.
    """
    if everybody:
        lines = api.runs(limit=_MOST, status="running", everybody=True)
        if as_json:
            print_json({"runs": lines})
        else:
            show(stop_views.everywhere(lines, now=outside.now()))
        return
    ids = dict.fromkeys(run["id"] for status in ("running", "waiting") for run in api.runs(limit=_MOST, status=status))
    found = [api.run(run) for run in ids]
    if as_json:
        print_json({"runs": found})
    else:
        show(stop_views.running(found, now=outside.now()))
