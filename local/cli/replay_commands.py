"""The command that has runs projected again."""

import uuid
from typing import Annotated

import typer

from local.cli import replay_views
from local.cli.api import Api, Document
from local.cli.consoles import err, print_json, show
from local.cli.inputs import checked_key
from local.cli.options import Json
from local.cli.outcomes import BadUsage, Exit
from local.cli.platform import OPERATOR, on_platform
from local.cli.surroundings import Surroundings

_PAUSE = 0.5
"""Seconds between two looks at a replay."""


def add(septet: typer.Typer) -> None:
    """Add the command."""
    septet.command(rich_help_panel="Runs")(replay)


@on_platform(OPERATOR)
def replay(
    outside: Surroundings,
    api: Api,
    which: Annotated[str, typer.Argument(metavar="[REPLAY]", help="A replay to see, instead of ordering one.")] = "",
    *,
    since: Annotated[str, typer.Option(metavar="TIME", help="Runs that went on then (2026-11-23, or 2026-11-23T10:00:00Z) or later.")] = "",
    run: Annotated[str, typer.Option(metavar="RUN", help="This run alone.")] = "",
    of: Annotated[str, typer.Option(metavar="TENANT", help="Whose runs: another tenant's are for operators of the operating tenant.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Have the replay go on that stalled.")] = False,
    waiting: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is over.")] = True,
    key: Annotated[str, typer.Option("--idempotency-key", metavar="KEY", help="The same key again is the same replay.")] = "",
    as_json: Json = False,
) -> None:
    """Make traces, costs and summaries of runs again, from their journals; metrics are told once and never again.

    Exit status 0 once all of every run was told, 1 when something was not, or the replay stalled.
    """
    wanted = {name: value for name, value in {"since": since, "run": run, "tenant": of}.items() if value}
    if bool(wanted) == bool(which):
        raise BadUsage("say what to replay, or which replay to see", fix="septet replay --since 2026-11-23, or --run RUN, or the REPLAY")
    if resume and not which:
        raise BadUsage("--resume needs the replay", fix="septet replay REPLAY --resume")
    if which:
        found = api.resume_replay(which) if resume else api.replay(which)
    else:
        found = api.order_replay(wanted, key=checked_key(key or str(uuid.uuid4())))
    if waiting:
        found = _over(api, found, outside)
    if as_json:
        print_json(found)
    else:
        show(replay_views.replay(found))
    if found["failed"] or found["status"] == "stalled":
        raise typer.Exit(Exit.FAILED)


def _over(api: Api, found: Document, outside: Surroundings) -> Document:
    """The replay once it is over, with a line on standard error for each step."""
    said = ""
    try:
        while found["status"] == "running":
            if (line := replay_views.progress(found)) != said:
                err().print(line, highlight=False)
                said = line
            outside.wait(_PAUSE)
            found = api.replay(found["id"])
    except KeyboardInterrupt:
        err().print(f"The replay goes on without you. See it again: septet replay {found['id']}", highlight=False)
    return found
