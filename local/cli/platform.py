"""Commands that talk to a platform: each gets a client, and the options that say which platform, and as whom."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from local.cli.access import Asked, Identity, resolve
from local.cli.api import Api
from local.cli.consoles import err
from local.cli.inputs import check_texts
from local.cli.options import Principal, Roles, Tenant, Token, Url
from local.cli.plain import plain
from local.cli.surroundings import Surroundings
from local.cli.twin_access import TwinDoor

TENANT = "demo"
CUSTOMER = Identity(tenant=TENANT, principal="customer-17", roles=("submitter",))
"""Who submits runs on the twin."""
DESK = Identity(tenant=TENANT, principal="agent-desk", roles=("approver",))
"""Who decides on the twin."""
ADMIN = Identity(tenant=TENANT, principal="admin", roles=("admin",))
"""Who changes limits on the twin."""
AUDITOR = Identity(tenant=TENANT, principal="auditor", roles=("auditor",))
"""Who verifies and exports on the twin."""
OPERATOR = Identity(tenant=TENANT, principal="operator", roles=("operator",))
"""Who looks at runs on the twin."""


def connect(outside: Surroundings, asked: Asked, usual: Identity) -> Api:
    """A client for what was *asked*; *usual* is who does such things on the twin."""
    url, token = resolve(asked, usual, lambda: TwinDoor(outside.twin(lambda _: None)))
    return Api(url=url, token=token, transport=outside.transport, sleep=outside.wait, say=lambda line: err().print(plain(line)))


def on_platform(usual: Identity) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a typer command of a function that takes `Surroundings`, an `Api` and options of its own."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def called(context: typer.Context, **given: Any) -> None:
            check_texts(given.values())
            asked = Asked(
                url=given.pop("url"),
                token=given.pop("token").strip(),
                tenant=given.pop("tenant"),
                principal=given.pop("principal"),
                roles=tuple(given.pop("roles") or ()),
            )
            with connect(context.obj, asked, usual) as api:
                command(context.obj, api, **given)

        called.__signature__ = _signature(command)  # type: ignore[attr-defined]  # what typer reads; functions have it, their type has not
        return called

    return decorate


def _signature(command: Callable[..., None]) -> inspect.Signature:
    """The command's own options, and those that `called` takes."""
    _outside, _api, *own = inspect.signature(command).parameters.values()
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    return inspect.Signature([context, *own, *(_option(name, kind) for name, kind in _OPTIONS.items())])


def _option(name: str, kind: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None if kind is Roles else "", annotation=kind)


_OPTIONS = {"url": Url, "token": Token, "tenant": Tenant, "principal": Principal, "roles": Roles}
