"""Who may do what. What is not listed here is refused."""

from collections.abc import Set as AbstractSet

from septet.core.runs import Run
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem

SUBMITTERS = frozenset({"submitter", "operator", "admin"})
"""Roles that may start a run."""
OPERATORS = frozenset({"operator", "admin"})
"""Roles that may stop what others run."""
ADMINS = frozenset({"admin"})
"""Roles that may change a limit."""
AUDITORS = frozenset({"auditor", "operator", "admin"})
"""Roles that read the history of limits."""
VERIFIERS = AUDITORS | {"submitter"}
"""Roles that read a journal as it is stored, to verify it: of a run that they see."""
OVERSEERS = frozenset({"approver", "operator", "auditor", "admin"})
"""Roles that see every run of their tenant. Which of them may decide on an approval, the tool's manifest says."""
READERS = OVERSEERS | {"submitter"}
"""Roles that see anything; a submitter sees what is their own."""


def require(principal: Principal, roles: AbstractSet[str], act: str) -> None:
    """Pass a principal that has one of *roles*. Raises Problem ``FORBIDDEN`` naming them."""
    if not principal.roles & roles:
        raise Problem(Kind.FORBIDDEN, f"to {act}, your token needs one of the roles: {', '.join(sorted(roles))}")


def require_platform(principal: Principal, platform_tenant: str, act: str, *, roles: AbstractSet[str] = OPERATORS) -> None:
    """Pass a principal of the tenant that operates the platform, with one of *roles*. Raises Problem ``FORBIDDEN``."""
    require(principal, roles, act)
    if not (platform_tenant and principal.tenant == platform_tenant):
        who = "operators" if roles <= OPERATORS else "operators and auditors"
        raise Problem(Kind.FORBIDDEN, f"only {who} of the tenant that operates the platform may {act}")


def sees(principal: Principal, run: Run) -> bool:
    """Whether *run* exists as far as *principal* can tell."""
    if run.tenant != principal.tenant:
        return False
    return bool(principal.roles & OVERSEERS) or ("submitter" in principal.roles and run.submitter == principal.subject)
