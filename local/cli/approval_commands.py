"""Commands about decisions of people."""

import sys
from typing import Annotated

import typer

from local.cli import approval_views
from local.cli.api import Api, Document
from local.cli.consoles import print_json, show
from local.cli.inputs import edited
from local.cli.options import Json
from local.cli.outcomes import BadUsage
from local.cli.platform import DESK, on_platform
from local.cli.run_views import to_type
from local.cli.surroundings import Surroundings

STATUSES = ("pending", "approved", "rejected", "expired", "all")
Approval = Annotated[str, typer.Argument(metavar="APPROVAL", help="The question's id, as `septet approvals` shows it.", show_default=False)]


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (approvals, approve, reject):
        septet.command(rich_help_panel="Decisions")(command)


@on_platform(DESK)
def approvals(
    outside: Surroundings,
    api: Api,
    approval: Annotated[
        str, typer.Argument(metavar="[APPROVAL]", help="One question's id: shows it, open or not.", show_default=False)
    ] = "",
    *,
    status: Annotated[str, typer.Option(metavar="STATUS", help=f"One of: {', '.join(STATUSES)}.")] = "pending",
    as_json: Json = False,
) -> None:
    """Show the questions that wait for people, or one, with raw values and where each came from."""
    if status not in STATUSES:
        raise BadUsage(f"--status {status!r} is no status of an approval", fix=f"give one of: {', '.join(STATUSES)}")
    found = [api.approval(approval)] if approval else api.approvals(status="" if status == "all" else status)
    if as_json:
        print_json({"approvals": found})
    else:
        show(approval_views.approvals(found, now=outside.now()))


@on_platform(DESK)
def approve(
    outside: Surroundings,
    api: Api,
    approval: Approval,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it stays with the decision.")] = "",
    edit: Annotated[
        list[str] | None, typer.Option("--edit", metavar="NAME=VALUE", help="Change an argument before approving; repeat for more.")
    ] = None,
    arguments: Annotated[
        str, typer.Option("--arguments", metavar="FILE", help="A JSON object with all arguments to approve instead; - for standard input.")
    ] = "",
    call: Annotated[
        str, typer.Option("--call", metavar="CALL", help="The call as you saw it; needed once somebody has changed it.", show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Approve exactly one call: this tool with these arguments, or with others.

    A changed call is checked and decided anew. Where several people have to approve, each approves the same call. On the twin
    agent-desk decides by default.
    """
    changed = None
    if edit or arguments:
        seen = api.approval(approval)
        if seen["status"] == "pending" and seen["edited"] is not None and not call:
            raise BadUsage(
                f"{seen['edited_by']} changed the arguments",
                fix=f"look at them with septet approvals {approval}, then say --call {seen['call']}",
            )
        current = seen["arguments"] if seen["edited"] is None else seen["edited"]
        changed, call = edited(current, edit or [], file=arguments, stdin=sys.stdin), call or seen["call"]
    _tell(api.decide(approval, decision="approve", reason=reason, arguments=changed, call=call), outside, as_json=as_json)


@on_platform(DESK)
def reject(
    outside: Surroundings,
    api: Api,
    approval: Approval,
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the agent is told.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Reject one call; the agent is told why and goes on without it.

    On the twin agent-desk decides by default.
    """
    _tell(api.decide(approval, decision="reject", reason=reason), outside, as_json=as_json)


def _tell(decided: Document, outside: Surroundings, *, as_json: bool) -> None:
    if as_json:
        print_json(decided)
        return
    show(approval_views.approval(decided, now=outside.now()))
    if decided["status"] != "pending":
        show(to_type(f"septet watch {decided['run']}", before="What comes of it: "))
