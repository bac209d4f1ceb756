"""Options that several commands share."""

from typing import Annotated

import typer

_WHERE = "Which platform, and as whom"

Url = Annotated[
    str, typer.Option("--url", envvar="SEPTET_URL", help="The platform's address. Default: the running twin.", rich_help_panel=_WHERE)
]
Token = Annotated[
    str, typer.Option("--token", envvar="SEPTET_TOKEN", help="A token for it. Default: the twin makes one.", rich_help_panel=_WHERE)
]
Tenant = Annotated[
    str, typer.Option("--tenant", metavar="TENANT", help="On the twin: the token's tenant. Default: demo.", rich_help_panel=_WHERE)
]
Principal = Annotated[
    str, typer.Option("--as", metavar="PRINCIPAL", help="On the twin: whom the token speaks for.", rich_help_panel=_WHERE)
]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="On the twin: a role of the token (submitter, approver, operator, auditor, admin); repeat for more.",
        rich_help_panel=_WHERE,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs, and nothing else on standard output.")]
Workflow = Annotated[str, typer.Option(metavar="WORKFLOW", help="Only this workflow's.")]
Since = Annotated[str, typer.Option("--from", metavar="DAY", help="Ended on this day (UTC, as 2026-11-23) or later.")]
Until = Annotated[str, typer.Option("--to", metavar="DAY", help="Ended on this day or earlier.")]
