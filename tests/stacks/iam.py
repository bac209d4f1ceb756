"""What IAM would answer, for the few features that our policies use. The emulator enforces nothing, so this stands in for it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.stacks.templates import listed

type Statement = Mapping[str, Any]


def matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    """Whether IAM's *pattern*, in which ``*`` is any text and ``?`` any character, fits *value*."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, value, re.IGNORECASE if fold else re.NOFLAG) is not None


def applies(statement: Statement, action: str, resource: str, principal: str) -> bool:
    """Whether the statement speaks about *principal* doing *action* to *resource*. Conditions on a key are a test's own matter."""
    return (
        any(matches(pattern, action, fold=True) for pattern in listed(statement["Action"]))
        and any(matches(pattern, resource) for pattern in listed(statement["Resource"]))
        and (
            action.startswith("kms:")
            or all(_holds(operator, tests, principal) for operator, tests in statement.get("Condition", {}).items())
        )
    )


def _holds(operator: str, tests: Mapping[str, Any], principal: str) -> bool:
    ((key, patterns),) = tests.items()
    assert key == "aws:PrincipalArn", f"this test knows no condition on {key}"
    fits = any(matches(pattern, principal) for pattern in listed(patterns))
    return {"ArnLike": fits, "ArnNotLike": not fits}[operator]


def allows(statements: Iterable[Statement], action: str, resource: str, principal: str) -> bool:
    """Whether *statements* allow it and none of them denies it."""
    effects = {statement["Effect"] for statement in statements if applies(statement, action, resource, principal)}
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
