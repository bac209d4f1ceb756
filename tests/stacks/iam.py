"""What IAM would answer, in the words of these tests. The emulator enforces nothing, so `local.iam` stands in for it."""

from collections.abc import Iterable, Mapping
from typing import Any

from local.iam import decisions
from local.iam.statements import listed, statements

type Statement = Mapping[str, Any]

BRANCH = "acme#branch/run-1/main"
"""The key of an account that an agent may reach; other tables have no condition on theirs."""


def allows(
    policy: Iterable[Statement], action: str, resource: str, principal: str, key: str = BRANCH, *, attributes: tuple[str, ...] = ()
) -> bool:
    """Whether *policy* allows it, for an item with the partition key *key*, naming *attributes*, and does not deny it.

    What is allowed of KMS has conditions that are a test's own.
    """
    bare = [dict(one) | ({"Condition": {}} if action.startswith("kms:") and one["Effect"] == "Allow" else {}) for one in policy]
    context = {"aws:PrincipalArn": (principal,), "dynamodb:LeadingKeys": (key,), "dynamodb:Attributes": attributes}
    call = decisions.Call(action=action, resource=resource, context=context)
    held = statements(bare)
    denied = any(one.effect == "Deny" and decisions.applies(one, call, context) is not False for one in held)
    return not denied and bool(decisions.allowing(held, call, context))


def granted(policy: Iterable[Statement]) -> list[tuple[str, str]]:
    """Every action with every resource that is allowed."""
    return [
        (action, resource)
        for statement in policy
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
