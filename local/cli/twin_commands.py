"""Commands that drive the twin."""

from typing import Annotated

import typer
from rich.text import Text

from local.cli import twin_views
from local.cli.access import START, Asked, identity
from local.cli.consoles import err, out, print_json, show
from local.cli.inputs import check_texts
from local.cli.options import Json, Principal, Roles, Tenant
from local.cli.outcomes import Exit, Unreachable
from local.cli.plain import plain
from local.cli.platform import CUSTOMER, TENANT
from local.cli.run_views import to_type
from local.cli.style import LABEL
from local.cli.surroundings import Surroundings, Twin
from local.cli.twin_access import TwinDoor


def add(septet: typer.Typer) -> None:
    """Add these commands."""
    for command in (up, down, deploy, status, token):
        septet.command(rich_help_panel="The twin")(command)


def up(context: typer.Context) -> None:
    """Start the twin.

    Its parts: LocalStack, an emulator, and one server with doubles of a model server and of a token issuer.
    """
    twin = _twin(context.obj)
    done = twin.up()
    nothing = twin.status().deployed is None
    said = "The twin runs already" if done.found else "The twin is up"
    console = out()
    console.print(Text(said, style="green").append(f" ({done.seconds:.1f} s)", style=LABEL))
    if nothing:
        console.print(to_type("septet deploy", before="Deploy to it: "), crop=False)


def down(context: typer.Context) -> None:
    """Stop the twin.

    No process and no open port stays. The issuer's keys and the logs do.
    """
    done = _twin(context.obj).down()
    said = f"The twin is down: ended {', '.join(done.ended)}" if done.ended else "The twin was not running"
    out().print(Text(plain(said), style="green").append(f" ({done.seconds:.1f} s)", style=LABEL))


def deploy(context: typer.Context) -> None:
    """Deploy what changed to the twin.

    It also writes the demo's orders, and an archive to search in, for the tenant demo. Orders that exist stay as they are, refunded ones
    too.
    """
    twin = _twin(context.obj)
    done = twin.deploy()
    orders = context.obj.seed(twin.endpoint, TENANT)
    console = out()
    console.print(Text(plain(done.said), style="green").append(f" ({done.seconds:.1f} s)", style=LABEL))
    new = f"{orders} new demo order{'' if orders == 1 else 's'}" if orders else "no new demo orders"
    console.print(Text(f"{new} for the tenant {TENANT}; those that existed stay as they were", style=LABEL))
    console.print(to_type('septet run support "Where is my order A-1001?"', before="Try it: "), crop=False)


def status(
    context: typer.Context,
    *,
    whole: Annotated[bool, typer.Option("--all", help="Also say why each thing that is not emulated is not.")] = False,
    as_json: Json = False,
) -> None:
    """Show what runs, who answers for the models, what is deployed, and what is not emulated.

    Exit status 3 when a part does not run.
    """
    found = _twin(context.obj).status()
    if as_json:
        print_json(twin_views.document(found))
    else:
        show(twin_views.status(found, whole=whole))
    raise typer.Exit(Exit.OK if found.healthy else Exit.REFUSED)


def token(
    context: typer.Context,
    *,
    tenant: Tenant = "",
    principal: Principal = "",
    roles: Roles = None,
    seconds: Annotated[int, typer.Option(min=1, max=86_400, help="How long it is valid.")] = 3600,
) -> None:
    """Print a token for the twin's API.

    The twin's issuer is a double of an identity provider: it signs for whomever is asked. By default: customer-17 of demo, a submitter.
    """
    check_texts((tenant, principal))
    who = identity(Asked(tenant=tenant, principal=principal, roles=tuple(roles or ())), CUSTOMER)
    door = TwinDoor(_twin(context.obj))
    if door.url() is None:
        raise Unreachable("there is nothing that would take a token: the twin is down, or nothing is deployed to it", fix=START)
    print(door.mint(who, seconds=seconds))
    said = f"for {who.principal} of {who.tenant} ({', '.join(who.roles)}), valid {seconds} s; signed by a double of an identity provider"
    err().print(Text(plain(said), style=LABEL))


def _twin(outside: Surroundings) -> Twin:
    """The twin, its progress on standard error."""
    console = err()
    return outside.twin(lambda text: console.print(Text(plain(text), style=LABEL)))
