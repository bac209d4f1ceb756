"""The evaluator against what AWS's user guide says of policies, conditions and boundaries."""

from typing import Any

import pytest

from local.iam import conditions
from local.iam.conditions import Known
from local.iam.decisions import Call, Rights
from local.iam.patterns import arn_matches, matches
from local.iam.statements import PolicyError, statements

ROLE = "arn:aws:iam::000000000000:role/septet/twin/agent/writer/made"
TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/septet-twin-accounts"
KEY = "arn:aws:kms:us-east-1:000000000000:key/bodies"
EVERYTHING = {"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}


def statement(**given: Any) -> dict[str, Any]:
    return {"Sid": "One", "Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE} | given


def rights(own: dict[str, Any], *more: dict[str, Any], boundary: dict[str, Any] = EVERYTHING, **policies: list[dict[str, Any]]) -> Rights:
    of = {arn: statements(held) for arn, held in policies.items()}
    return Rights(principal=ROLE, own=statements([own, *more]), boundary=statements([boundary]), of_resources=of)


def allowed(held: Rights, action: str = "dynamodb:GetItem", resource: str = TABLE, **context: tuple[str, ...]) -> bool:
    return held.decide(
        Call(action=action, resource=resource, context={name.replace("__", ":"): value for name, value in context.items()})
    ).allowed


def test_what_no_statement_allows_is_denied() -> None:
    held = rights(statement())
    assert allowed(held)
    assert allowed(held, "DynamoDB:getitem"), "actions ignore case"
    assert not allowed(held, "dynamodb:PutItem")
    assert not allowed(held, resource=f"{TABLE}2")
    assert not allowed(held, resource=TABLE.upper()), "resources do not"


def test_a_deny_wins_wherever_it_stands() -> None:
    no = statement(Sid="No", Effect="Deny")
    assert rights(statement(), no).decide(Call(action="dynamodb:GetItem", resource=TABLE)).why == "its policy denies it: No"
    assert not allowed(rights(EVERYTHING, boundary=no))
    assert not allowed(rights(EVERYTHING, **{TABLE: [no | {"Principal": "*"}]}))


def test_the_boundary_is_an_intersection() -> None:
    held = rights(EVERYTHING, boundary=statement())
    assert allowed(held)
    assert held.decide(Call(action="dynamodb:PutItem", resource=TABLE)).why == "the boundary does not allow it"
    assert not allowed(rights(statement(Action="dynamodb:PutItem")))


def test_what_is_not_named_is_not_excepted_either() -> None:
    held = rights({"Effect": "Allow", "NotAction": "dynamodb:Delete*", "NotResource": f"{TABLE}-*"})
    assert allowed(held)
    assert not allowed(held, "dynamodb:DeleteItem")
    assert not allowed(held, resource=f"{TABLE}-other")


def test_a_condition_on_what_is_not_known_fails_closed() -> None:
    asks = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
    assert not allowed(rights(statement(Condition=asks)))
    assert not allowed(rights(statement(), statement(Effect="Deny", Condition=asks)))
    assert allowed(rights(statement(), statement(Effect="Deny", Condition=asks)), aws__SourceVpc=()), "it is known that there is none"


@pytest.mark.parametrize("operator", ["NumericLessThan", "IpAddress", "ForSomeValues:StringEquals", "StringMatches"])
def test_an_operator_that_is_not_known_fails_closed(operator: str) -> None:
    asks = {operator: {"aws:Thing": "1"}}
    assert not allowed(rights(statement(Condition=asks)), aws__Thing=("1",))
    assert not allowed(rights(statement(), statement(Effect="Deny", Condition=asks)), aws__Thing=("2",))


def test_a_policy_variable_fails_closed() -> None:
    own = "arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/table}"
    assert not allowed(rights(statement(Resource=own)))
    assert not allowed(rights(statement(), statement(Effect="Deny", Resource=own)))


def test_a_part_of_a_statement_that_is_not_known_is_refused() -> None:
    with pytest.raises(PolicyError, match="NotPrincipal"):
        statements([statement(NotPrincipal="*")])
    with pytest.raises(PolicyError, match="intrinsic"):
        statements([statement(Resource={"Ref": "Table"})])


def test_a_key_is_used_only_where_its_policy_leaves_it_to_the_account() -> None:
    use = statement(Action="kms:Decrypt", Resource=KEY)
    root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "kms:*", "Resource": "*"}
    assert allowed(rights(use, **{KEY: [root]}), "kms:Decrypt", KEY)
    assert not allowed(rights(use), "kms:Decrypt", KEY)
    only_describes = root | {"Action": "kms:DescribeKey"}
    assert not allowed(rights(use, **{KEY: [only_describes]}), "kms:Decrypt", KEY)


CASES: list[tuple[str, str | list[str], tuple[str, ...], Known]] = [
    ("StringEquals", "a", ("a",), True),
    ("StringEquals", ["a", "b"], ("b",), True),
    ("StringEquals", "a*", ("ab",), False),
    ("StringEquals", "a", (), False),
    ("StringEquals", "a", ("a", "a"), None),
    ("StringEqualsIfExists", "a", (), True),
    ("StringEqualsIfExists", "a", ("b",), False),
    ("StringNotEquals", ["a", "b"], ("c",), True),
    ("StringNotEquals", ["a", "b"], ("b",), False),
    ("StringNotEquals", "a", (), True),
    ("StringLike", "a*", ("ab",), True),
    ("StringNotLike", "a*", ("ab",), False),
    ("ForAllValues:StringLike", "a*", ("ab", "ac"), True),
    ("ForAllValues:StringLike", "a*", ("ab", "b"), False),
    ("ForAllValues:StringLike", "a*", (), True),
    ("ForAnyValue:StringEquals", "a", ("b", "a"), True),
    ("ForAnyValue:StringEquals", "a", (), False),
    ("ForAnyValue:StringNotLike", "a*", ("ab", "b"), True),
    ("ForAnyValue:StringNotLike", "a*", ("ab",), False),
    ("ForAnyValue:StringNotLike", "a*", (), False),
    ("Null", "true", (), True),
    ("Null", "false", (), False),
    ("Null", "false", ("a",), True),
    ("Bool", "false", ("False",), True),
    ("Bool", "false", (), False),
    ("ArnLike", "arn:aws:iam::0:role/a/*", ("arn:aws:iam::0:role/a/b",), True),
    ("ArnLike", "arn:*:role/a", ("arn:aws:iam::0:role/a",), False),
    ("ArnNotLike", "arn:aws:iam::0:role/a/*", ("arn:aws:iam::0:role/b",), True),
]


@pytest.mark.parametrize(("operator", "patterns", "values", "expected"), CASES)
def test_conditions_hold_as_iams(operator: str, patterns: str | list[str], values: tuple[str, ...], expected: Known) -> None:
    given = tuple(patterns) if isinstance(patterns, list) else (patterns,)
    assert conditions.holds(operator, "aws:Thing", given, {"AWS:thing": values}) is expected


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ("a*", "abc", True),
        ("a?c", "abc", True),
        ("a.c", "abc", False),
        ("table/x", "table/xy", False),
        ("*", "", True),
        ("a*", "a\nb", True),
    ],
)
def test_patterns_are_iams(pattern: str, value: str, *, fits: bool) -> None:
    assert matches(pattern, value) is fits


def test_an_arns_parts_are_compared_one_by_one() -> None:
    assert arn_matches("arn:aws:lambda:*:1:function:f:*", "arn:aws:lambda:eu-west-1:1:function:f:live")
    assert not arn_matches("arn:aws:lambda:*:function:f", "arn:aws:lambda:eu-west-1:1:function:f")
