"""What IAM would answer, for the few features that our policies use. The emulator enforces nothing, so this stands in for it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.stacks.templates import listed

type Statement = Mapping[str, Any]

BRANCH = "acme#branch/run-1/main"
"""The key of an account that an agent may reach; other tables have no condition on theirs."""


def matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    """Whether IAM's *pattern*, in which ``*`` is any text and ``?`` any character, fits *value*."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.IGNORECASE if fold else re.NOFLAG) is not None


def applies(statement: Statement, action: str, resource: str, principal: str, key: str) -> bool:
    """Whether it speaks about *principal* doing *action* to *resource*, an item with *key*. Conditions on KMS are a test's own."""
    return (
        any(matches(pattern, action, fold=True) for pattern in listed(statement["Action"]))
        and any(matches(pattern, resource) for pattern in listed(statement["Resource"]))
        and (
            action.startswith("kms:")
            or all(_holds(operator, tests, principal, key) for operator, tests in statement.get("Condition", {}).items())
        )
    )


def _holds(operator: str, tests: Mapping[str, Any], principal: str, key: str) -> bool:
    ((about, patterns),) = tests.items()
    known = {"aws:PrincipalArn": principal, "dynamodb:LeadingKeys": key}
    assert about in known, f"this test knows no condition on {about}"
    fits = any(matches(pattern, known[about]) for pattern in listed(patterns))
    likes = {"ArnLike": fits, "ArnNotLike": not fits, "ForAllValues:StringLike": fits, "ForAnyValue:StringNotLike": not fits}
    return (likes | {"Null": patterns == "false"})[operator]


def allows(statements: Iterable[Statement], action: str, resource: str, principal: str, key: str = BRANCH) -> bool:
    """Whether *statements* allow it, for an item with the partition key *key*, and none of them denies it."""
    effects = {statement["Effect"] for statement in statements if applies(statement, action, resource, principal, key)}
    return effects == {"Allow"}


def granted(statements: Iterable[Statement]) -> list[tuple[str, str]]:
    """Every action with every resource that is allowed."""
    return [
        (action, resource)
        for statement in statements
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
