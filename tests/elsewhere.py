"""Where the scenario tests run when not on a twin of their own: stock LocalStack or AWS, described by a TOML file (docs/twin.md)."""

import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.doubles import issuer
from local.twin import aws

OPTION = "--elsewhere"
ABOUT = "UNVERIFIED: nobody has recorded that the scenarios pass there; if they do for you, say so in docs/twin.md"


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A deployment that tests did not make and do not end; as tests use it, like a TestTwin."""

    label: str
    """What it is, for people."""
    api: str
    """Base URL of its API; paths start with /v1."""
    doubles: str
    """The model server that its functions call: the scenarios are put there."""
    endpoint: str = ""
    """Where AWS answers; empty for AWS itself, with the machine's own credentials."""
    environment: str = "twin"
    account: str = "000000000000"
    region: str = "us-east-1"
    issuer_home: str = ""
    """The folder of the double's keys, when the deployment trusts the double that issues tokens."""
    token_command: tuple[str, ...] = ()
    """Otherwise what prints a token; it is given the tenant, the subject and the roles."""

    @property
    def prefix(self) -> str:
        """What the names of its tables and functions begin with."""
        return f"septet-{self.environment}"

    def token(self, *, tenant: str, subject: str, roles: Sequence[str], seconds: int = 3600, audience: str = "septet") -> str:
        """Have a token signed."""
        if self.token_command:
            asked = [*self.token_command, tenant, subject, ",".join(roles)]
            return subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
        url = f"{self.doubles}/issuer"
        home = Path(self.issuer_home)
        return issuer.mint(home, issuer=url, tenant=tenant, subject=subject, roles=roles, seconds=seconds, audience=audience)

    def client(self, service: str) -> Any:
        """Make a client of one of its AWS services."""
        return aws.client(self.endpoint, service) if self.endpoint else boto3.client(service, region_name=self.region)  # type: ignore[call-overload]  # any service


def skip(items: Sequence[pytest.Item]) -> None:
    """Skip those of *items* that only a twin of their own can show, and say why."""
    for item in items:
        if found := item.get_closest_marker("own_twin"):
            item.add_marker(pytest.mark.skip(reason=f"shown on a twin of its own only: {found.args[0]}"))


def read(path: Path) -> Elsewhere:
    """The place that the TOML file at *path* describes. Raises ValueError naming the key that is wrong."""
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    known = Elsewhere.__dataclass_fields__.keys()
    if unknown := found.keys() - known:
        raise ValueError(f"{path}: {min(unknown)} is no key here; there is: {', '.join(known)}")
    if missing := {"label", "api", "doubles"} - found.keys():
        raise ValueError(f"{path}: {min(missing)} is missing")
    if not found.get("issuer_home") and not found.get("token_command"):
        raise ValueError(f"{path}: give issuer_home (the folder of the token double's keys) or token_command, which prints a token")
    return Elsewhere(**{**found, "token_command": tuple(found.get("token_command", ()))})
