"""Commands about questions to somebody outside, and about cancelling a run."""

import json
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.cli.access import Identity
from local.cli.api import Api, Document
from local.cli.consoles import print_json, show
from local.cli.options import Json
from local.cli.outcomes import BadUsage
from local.cli.plain import plain
from local.cli.platform import OPERATOR, TENANT, on_platform
from local.cli.run_views import to_type
from local.cli.style import LABEL, NAME
from local.cli.surroundings import Surroundings

STATUSES = ("open", "answered", "expired", "cancelled", "all")
RESPONDER = Identity(tenant=TENANT, principal="supplier-7", roles=("responder",))
"""Who is asked on the twin."""


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (inquiries, answer, cancel):
        septet.command(rich_help_panel="Long-running cases")(command)


@on_platform(OPERATOR)
def inquiries(
    _outside: Surroundings,
    api: Api,
    inquiry: Annotated[str, typer.Argument(metavar="[INQUIRY]", help="One question's id: shows it, open or not.", show_default=False)] = "",
    *,
    status: Annotated[str, typer.Option(metavar="STATUS", help=f"One of: {', '.join(STATUSES)}.")] = "open",
    as_json: Json = False,
) -> None:
    """Show the questions to somebody outside that runs wait for, or one. On the twin the operator looks by default."""
    if status not in STATUSES:
        raise BadUsage(f"--status {status!r} is no status of an inquiry", fix=f"give one of: {', '.join(STATUSES)}")
    found = [api.inquiry(inquiry)] if inquiry else api.inquiries(status="" if status == "all" else status)
    if as_json:
        print_json({"inquiries": found})
    else:
        show(Group(*map(_view, found)) if found else Text("Nobody is waited for."))


@on_platform(RESPONDER)
def answer(
    _outside: Surroundings,
    api: Api,
    inquiry: Annotated[str, typer.Argument(metavar="INQUIRY", help="The question's id.", show_default=False)],
    fields: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="The answer; a value is JSON, or else a text.", show_default=False)
    ],
    *,
    as_json: Json = False,
) -> None:
    """Answer a question. On the twin supplier-7, a responder, answers by default; give --role operator for what operators are asked."""
    found = api.answer(inquiry, dict(map(_field, fields)))
    if as_json:
        print_json(found)
    else:
        show(_view(found))
        show(to_type(f"septet watch {found['run']}", before="The run goes on: "))


@on_platform(OPERATOR)
def cancel(
    _outside: Surroundings,
    api: Api,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.", show_default=False)],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Have a run undo what it did, and end. To end one at once, as it is, stop it."""
    found = api.cancel(run, reason)
    if as_json:
        print_json(found)
    else:
        show(Text(plain(f"{found['id']} undoes what it did, and ends ({found['cancelled_by']}: {found['reason']}).")))
        show(to_type(f"septet watch {run}", before="See how: "))


def _field(pair: str) -> tuple[str, Any]:
    name, equals, value = pair.partition("=")
    if not equals or not name:
        raise BadUsage(f"{pair!r} has no name and value", fix="write the answer as delivers=true days_late=3")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _view(one: Document) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=LABEL, no_wrap=True, width=12)
    grid.add_column(overflow="fold")
    question = one["question"] if isinstance(one["question"], dict) else {"text": one["question"], "about": None}
    rows = {
        "asks": question.get("text"),
        "about": question.get("about"),
        "takes": ", ".join(one["answer_schema"].get("properties", {})),
        "from": f"{one['to']} (roles: {', '.join(one['roles'])})",
        "until": one["expires_at"],
        "answer": one["answer"],
        "by": one["by"],
        "run": one["run"],
    }
    for name, value in rows.items():
        if value is not None:
            grid.add_row(f"  {name}", Text(plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))))
    return Group(Text(plain(f"{one['id']}  {one['status']}"), style=NAME), grid, Text())
