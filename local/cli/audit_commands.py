"""Commands for auditors: journals against their seals, and the key that verifies them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from local.cli import audit_views
from local.cli.access import Asked
from local.cli.api import Api
from local.cli.audit_keys import Trusted
from local.cli.auditing import Audit, audit, audit_file
from local.cli.consoles import print_json, show
from local.cli.inputs import check_texts
from local.cli.options import Json, Principal, Roles, Tenant, Token, Url
from local.cli.outcomes import BadUsage, Exit
from local.cli.platform import AUDITOR, connect, on_platform
from local.cli.surroundings import Surroundings

_RUN = re.compile(r"run-[0-9a-z]{26}")
_HASH = re.compile(r"[0-9a-f]{64}")
Keys = Annotated[
    list[Path] | None,
    typer.Option(
        "--key", metavar="FILE", help="A public key to trust, as PEM; repeat for more. Default: what the platform, or the file, says."
    ),
]
Kept = Annotated[str, typer.Option("--kept", metavar="HASH", help="The hash of a seal that you noted before: it must still be there.")]


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(no_args_is_help=True, help="Prove that journals are what they were.")
    group.command(name="verify")(verify)
    group.command(name="key")(key)
    septet.add_typer(group, name="audit", rich_help_panel="Audit")


def verify(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="[RUN|FILE]", help="A run, or a file of septet export. Default: all of the tenant.")] = "",
    *,
    keys: Keys = None,
    kept: Kept = "",
    as_json: Json = False,
    url: Url = "",
    token: Token = "",
    tenant: Tenant = "",
    principal: Principal = "",
    roles: Roles = None,
) -> None:
    """Check journals against their seals: whatever was removed, changed, put in or cut off is named.

    It is done on this machine, and exits 1 when anything is found. Entries newer than the last seal are said to be unsealed. A file is
    checked without asking anybody. It takes the role auditor, operator or admin.
    """
    check_texts([what, kept])
    if kept and not _HASH.fullmatch(kept):
        raise BadUsage("--kept is no hash of a seal", fix="give the 64 characters that an earlier check printed")
    outside: Surroundings = context.obj
    now = int(outside.now() * 1000)
    if what and not _RUN.fullmatch(what):
        given = Trusted.read(keys) if keys else None
        found = audit_file(Path(what), lambda pem: given or Trusted.of([pem], given=False), now)
    else:
        asked = Asked(url=url, token=token.strip(), tenant=tenant, principal=principal, roles=tuple(roles or ()))
        with connect(outside, asked, AUDITOR) as api:
            found = audit(api, _trusted(api, keys or ()), now=now, run=what, kept=kept)
    _tell(found, as_json=as_json)


def _trusted(api: Api, keys: Sequence[Path]) -> Trusted:
    return Trusted.read(keys) if keys else Trusted.of([str(api.seal_key().get("pem"))], given=False)


def _tell(found: Audit, *, as_json: bool) -> None:
    if as_json:
        print_json(found.document())
    else:
        show(audit_views.audit(found))
    if found.findings:
        raise typer.Exit(Exit.FAILED)


@on_platform(AUDITOR)
def key(outside: Surroundings, api: Api, *, as_json: Json = False) -> None:  # noqa: ARG001 -- every command gets its surroundings
    """Print the public key that verifies seals. Keep it somewhere else, and give it to septet audit verify."""
    found = api.seal_key()
    if as_json:
        print_json(found)
    else:
        typer.echo(str(found["pem"]), nl=False)
