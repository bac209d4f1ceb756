"""The repository's policies, for what runs in one process beside them."""

from functools import cache
from pathlib import Path

from septet.security.cedar import CedarPolicies
from septet.security.questions import Policies

FOLDER = Path(__file__).parents[5] / "policies"


@cache
def shipped() -> Policies:
    """``policies/*.cedar`` without a tenant's own, parsed once a process."""
    sources = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.cedar"))}
    return CedarPolicies(sources, (FOLDER / "schema.cedarschema").read_text())
