"""Commands about decisions of people."""

from typing import Annotated

import typer

from local.cli import approval_views
from local.cli.api import Api, Document
from local.cli.consoles import print_json, show
from local.cli.options import Json
from local.cli.platform import DESK, on_platform
from local.cli.run_views import to_type
from local.cli.surroundings import Surroundings

Approval = Annotated[str, typer.Argument(metavar="APPROVAL", help="The question's id, as `septet approvals` shows it.", show_default=False)]


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (approvals, approve, reject):
        septet.command(rich_help_panel="Decisions")(command)


@on_platform(DESK)
def approvals(
    outside: Surroundings,
    api: Api,
    *,
    status: Annotated[str, typer.Option(metavar="STATUS", help="pending, approved, rejected, expired, or all.")] = "pending",
    as_json: Json = False,
) -> None:
    """List the questions that wait for a person, with raw values and where each came from."""
    found = api.approvals(status="" if status == "all" else status)
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
    as_json: Json = False,
) -> None:
    """Approve exactly one call: this tool with these arguments.

    On the twin agent-desk decides by default.
    """
    _tell(api.decide(approval, decision="approve", reason=reason), outside, as_json=as_json)


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
    show(to_type(f"septet watch {decided['run']}", before="The run goes on: "))
