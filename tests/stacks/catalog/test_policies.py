"""Functions' rights, and the wildcards in them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacks.catalog import read
from tests.stacks.catalog.breaking import (
    Break,
    Case,
    add,
    drop,
    edit,
    swap,
    told,
)


def statement(change: Callable[[dict[str, Any]], object]) -> Break:
    return edit("policies/tools/pay_thing.json", lambda policy: change(policy["Statement"][0]))


CASES: dict[str, Case] = {
    "all but something allowed": (
        statement(lambda one: one.update(NotResource=one.pop("Resource"))),
        "pay_thing.json: Statement[0].NotResource: allows whatever is not named",
    ),
    "tool asks for the platform's table": (
        swap("policies/tools/pay_thing.json", "RefundsTable", "EffectsTable"),
        "Statement[0].Resource: asks for ${EffectsTable}",
    ),
    "typo in a policy's hole": (
        swap("policies/tools/pay_thing.json", "RefundsTable", "RefundTable"),
        "asks for ${RefundTable}, did you mean 'RefundsTable'?",
    ),
    "several ARNs inside one": (
        swap("policies/steps/gateway.json", "${ToolFunctions}", "${ToolFunctions}/x"),
        "must be an item of its own",
    ),
    "NotAction": (
        statement(lambda one: one.update(NotAction="s3:*")),
        "policies/tools/pay_thing.json: Statement[0].NotAction: is not used here",
    ),
    "effect of a statement": (statement(lambda one: one.update(Effect="allow")), "Statement[0].Effect: is 'allow': give Allow or Deny"),
    "a list for an effect": (statement(lambda one: one.update(Effect=[])), "Statement[0].Effect: is []: give Allow or Deny"),
    "statement without resource": (
        statement(lambda one: one.pop("Resource")),
        "Statement[0]: must be an object with Effect, Action and Resource",
    ),
    "empty actions": (statement(lambda one: one.update(Action=[])), "Statement[0].Action: must be a text, or a list of at least one"),
    "old policy language": (swap("policies/tools/pay_thing.json", "2012-10-17", "2008-10-17"), 'must be {"Version": "2012-10-17"'),
    "policy that is no JSON": (add("policies/tools/pay_thing.json", "}"), "policies/tools/pay_thing.json: is not JSON"),
    "any resource": (
        statement(lambda one: one.update(Resource="*")),
        "policies/tools/pay_thing.json: Statement[0].Resource: allows dynamodb:PutItem on '*': name the resource, as ${OrdersTable}, or",
    ),
    "part of a resource's name": (
        statement(lambda one: one.update(Resource=["${RefundsTable}", "${RefundsTable}/index/*"])),
        "Statement[0].Resource: allows dynamodb:PutItem on '${RefundsTable}/index/*'",
    ),
    "a wildcard of another action": (
        statement(lambda one: one.update(Action=["s3:GetObject", "s3:DeleteObject"], Resource="arn:${Partition}:s3:::things/one/*")),
        "Statement[0].Resource: allows s3:DeleteObject on",
    ),
    "every action of a service": (
        statement(lambda one: one.update(Action="dynamodb:*")),
        "policies/tools/pay_thing.json: Statement[0].Action: allows 'dynamodb:*': name each action",
    ),
    "actions by their beginning": (statement(lambda one: one.update(Action=["dynamodb:Put????"])), "allows 'dynamodb:Put????'"),
    "a step's wildcard": (swap("policies/steps/gateway.json", '["${ToolFunctions}"]', '"*"'), "policies/steps/gateway.json: Statement[0]"),
    "a wildcard without a reason": (
        swap("policies/wildcards.toml", 'reason = "each thing has a file"', ""),
        "policies/wildcards.toml: allowed[0].reason: is missing",
    ),
    "no list of wildcards": (drop("policies/wildcards.toml"), "policies/wildcards.toml: cannot be read as TOML"),
    "a list of wildcards that is none": (
        lambda tree: (tree / "policies/wildcards.toml").write_text("allowed = [1]"),
        "policies/wildcards.toml: allowed: has an item that is no table",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize("case", ["any resource", "every action of a service"])
def test_one_fault_is_one_problem(tree: Path, case: str) -> None:
    assert len(told(tree, CASES[case]).problems) == 1


def test_a_wildcard_with_a_reason_is_allowed(tree: Path) -> None:
    statement(lambda one: one.update(Action="s3:GetObject", Resource="arn:${Partition}:s3:::things/one/*"))(tree)
    assert read(tree)


def test_a_wildcard_may_be_denied(tree: Path) -> None:
    statement(lambda one: one.update(Effect="Deny", Action="s3:*", Resource="*"))(tree)
    assert read(tree)
