"""Commands about runs: submit, follow, list."""

import sys
import uuid
from typing import Annotated

import typer
from rich.text import Text

from local.cli import run_views
from local.cli.api import Api
from local.cli.consoles import err, out, print_json, show
from local.cli.follow import Seen, follow
from local.cli.inputs import checked_amount, checked_key, run_input
from local.cli.options import Json, Since, Until, Workflow
from local.cli.outcomes import Exit
from local.cli.plain import plain
from local.cli.platform import CUSTOMER, OPERATOR, on_platform
from local.cli.run_views import to_type
from local.cli.screen import Screen
from local.cli.style import LABEL
from local.cli.surroundings import Surroundings


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (run, watch, runs):
        septet.command(rich_help_panel="Runs")(command)


@on_platform(CUSTOMER)
def run(
    outside: Surroundings,
    api: Api,
    workflow: Annotated[str, typer.Argument(help="The workflow to run, e.g. support.", metavar="WORKFLOW", show_default=False)],
    message: Annotated[str | None, typer.Argument(help="The input `message`.", metavar="[MESSAGE]", show_default=False)] = None,
    *,
    given: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=VALUE", help="One more input, as text; repeat for more.")
    ] = None,
    file: Annotated[
        str, typer.Option("--input-file", metavar="FILE", help="A JSON object with inputs of any type; - for standard input.")
    ] = "",
    key: Annotated[
        str, typer.Option("--idempotency-key", metavar="KEY", help="Submitting again with the same key names the same run.")
    ] = "",
    budget: Annotated[
        str, typer.Option(metavar="DOLLARS", help="What it may spend at most, e.g. 0.25. Default: what is usual.", show_default=False)
    ] = "",
    attended: Annotated[
        bool, typer.Option("--attended/--unattended", help="Whether people answer its questions; if not, what would be asked is denied.")
    ] = True,
    watching: Annotated[bool, typer.Option("--watch/--no-watch", help="Follow the run until it has ended.")] = True,
    as_json: Json = False,
) -> None:
    """Start a run and show it as it happens.

    With --json: the run as it ended or, with --no-watch, as it was accepted. On the twin customer-17 asks by default.
    """
    what = run_input(message=message, pairs=given or [], file=file, stdin=sys.stdin)
    amount = checked_amount("--budget", budget) if budget else ""
    accepted = api.submit(workflow, what, key=checked_key(key or str(uuid.uuid4())), budget=amount, attended=attended)
    if watching:
        raise typer.Exit(_watch(api, accepted["id"], outside, lines=False, as_json=as_json))
    if as_json:
        print_json(accepted)
        return
    show(to_type(f"septet watch {accepted['id']}", before="The run is accepted. Follow it: "))


@on_platform(OPERATOR)
def watch(
    outside: Surroundings,
    api: Api,
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Show a run from its start, and follow it until it has ended.

    With --json: one line for each look that shows something new, {"run", "entries"}.
    """
    raise typer.Exit(_watch(api, run_id, outside, lines=True, as_json=as_json))


@on_platform(OPERATOR)
def runs(
    outside: Surroundings,
    api: Api,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, metavar="NUMBER", help="How many at most.")] = 20,
    status: Annotated[
        str, typer.Option(metavar="STATUS", help="Only these: running, waiting, succeeded, failed, stopped, timed_out or refused.")
    ] = "",
    workflow: Workflow = "",
    error: Annotated[str, typer.Option(metavar="CLASS", help="Only those that ended in this error, e.g. ToolFailed.")] = "",
    kind: Annotated[str, typer.Option(metavar="KIND", help="Only failures of this kind: see septet failures.")] = "",
    agent: Annotated[str, typer.Option(metavar="AGENT", help="Only those in which this agent worked.")] = "",
    flagged: Annotated[str, typer.Option(metavar="WAY", help="Only those that took far more than usual: cost, steps or any.")] = "",
    since: Since = "",
    until: Until = "",
    as_json: Json = False,
) -> None:
    """List the tenant's runs, newest first.

    With --workflow and what follows it: those that have ended, the latest end first; what goes on is found with --status running.
    """
    named = {"workflow": workflow, "error": error, "kind": kind, "agent": agent, "flagged": flagged, "from": since, "to": until}
    criteria = {name: value for name, value in named.items() if value}
    found = api.runs(limit=limit, status=status, criteria=criteria)
    if as_json:
        print_json({"runs": found})
    else:
        show(run_views.runs(found, now=outside.now(), wanted=status, searched=bool(criteria)))


def _watch(api: Api, run_id: str, outside: Surroundings, *, lines: bool, as_json: bool) -> Exit:
    """Follow the run in the way asked for; return how the command ends."""
    try:
        last = _print_json(api, run_id, outside, lines=lines) if as_json else _show(api, run_id, outside)
    except KeyboardInterrupt:
        err().print(to_type(f"septet watch {run_id}", before="\nThe run goes on without you. Follow it again: "), crop=False)
        return Exit.INTERRUPTED
    return Exit.OK if last.run["status"] == "succeeded" else Exit.FAILED


def _say(line: str) -> None:
    err().print(plain(line))


def _show(api: Api, run_id: str, outside: Surroundings) -> Seen:
    console = out()
    with Screen(console) as screen:
        for seen in follow(api, run_id, wait=outside.wait, say=_say):
            screen.show(seen)
    console.print(run_views.ending(seen.run, screen.failed))
    return seen


def _print_json(api: Api, run_id: str, outside: Surroundings, *, lines: bool) -> Seen:
    for seen in follow(api, run_id, wait=outside.wait, say=_say):
        if lines:
            print_json({"run": seen.run, "entries": seen.entries})
        elif seen.run["approvals"]:
            waiting = ", ".join(seen.run["approvals"])
            err().print(Text(f"{run_id} waits for a decision on {waiting}: septet approvals", style=LABEL))
    if not lines:
        print_json(seen.run)
    return seen
