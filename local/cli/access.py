"""Which platform a command talks to, and as whom."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from local.cli.outcomes import BadUsage, Unreachable

ROLES = ("submitter", "approver", "operator", "auditor", "admin", "responder")
"""What the platform knows."""
START = "start the twin: septet up, then septet deploy; or name a platform: --url and --token"


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Whom a token of the twin's issuer speaks for."""

    tenant: str
    principal: str
    roles: tuple[str, ...]


class TwinAccess(Protocol):
    """What the twin knows about reaching its platform."""

    def url(self) -> str | None:
        """Where the deployed API listens; None while nothing is deployed or the twin is down."""
        ...

    def mint(self, identity: Identity, *, seconds: int) -> str:
        """A token of the twin's issuer, which is a double of an identity provider."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the command line or the environment says about it; empty where it says nothing."""

    url: str = ""
    token: str = ""
    tenant: str = ""
    principal: str = ""
    roles: tuple[str, ...] = ()

    @property
    def of_the_twin(self) -> bool:
        """Whether it says whom a token should be made for."""
        return bool(self.tenant or self.principal or self.roles)


def identity(asked: Asked, usual: Identity) -> Identity:
    """Whom to make a token for: what was asked, else who does this on the twin by default. Raises BadUsage for a role that is none."""
    if unknown := [role for role in asked.roles if role not in ROLES]:
        raise BadUsage(f"{unknown[0]!r} is no role", fix=f"the roles are {', '.join(ROLES)}")
    return Identity(tenant=asked.tenant or usual.tenant, principal=asked.principal or usual.principal, roles=asked.roles or usual.roles)


def resolve(asked: Asked, usual: Identity, twin: Callable[[], TwinAccess]) -> tuple[str, str]:
    """URL and token. What is missing comes from the running twin; a platform elsewhere needs both."""
    if asked.token and asked.of_the_twin:
        raise BadUsage(
            "a given token says already whom it speaks for", fix="leave out --tenant, --as and --role, or --token and SEPTET_TOKEN"
        )
    if asked.url and not asked.token:
        raise BadUsage(f"{asked.url} needs a token, and only the twin makes its own", fix="give --token or SEPTET_TOKEN")
    url = asked.url or twin().url()
    if url is None:
        raise Unreachable("no platform to talk to: the twin is down, or nothing is deployed to it", fix=START)
    return url, asked.token or twin().mint(identity(asked, usual), seconds=3600)
