from __future__ import annotations

import pytest

from septet.core.runs import Run
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem
from septet.integration.rights import ADMINS, require, sees

RUN = Run(tenant="acme", run="run-1", workflow="support", submitter="ann", digest="d", created_at=1)


def who(*roles: str, subject: str = "ann", tenant: str = "acme") -> Principal:
    return Principal(tenant=tenant, subject=subject, roles=frozenset(roles))


@pytest.mark.parametrize(
    ("principal", "seen"),
    [
        (who("submitter"), True),
        (who("submitter", subject="bob"), False),
        (who("approver", subject="bob"), True),
        (who("operator", subject="bob"), True),
        (who("auditor", subject="bob"), True),
        (who("admin", subject="bob"), True),
        (who("submitter", "auditor", subject="bob"), True),
        (who(), False),
        (who("admin", tenant="other"), False),
        (who("submitter", tenant="other"), False),
    ],
)
def test_who_sees_a_run(principal: Principal, *, seen: bool) -> None:
    assert sees(principal, RUN) is seen


@pytest.mark.parametrize("roles", [(), ("submitter",), ("operator", "auditor")])
def test_a_role_that_is_not_named_is_refused_and_told_which_are(roles: tuple[str, ...]) -> None:
    with pytest.raises(Problem, match="admin, approver") as caught:
        require(who(*roles), ADMINS | {"approver"}, "decide")
    assert caught.value.kind is Kind.FORBIDDEN


def test_one_of_the_roles_is_enough() -> None:
    require(who("submitter", "approver"), frozenset({"approver"}), "decide")
