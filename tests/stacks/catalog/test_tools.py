"""What a tool declares: its effect, its arguments, its input and its output."""

from pathlib import Path

import pytest

from septet.core.values import SPACES
from septet.execution import conversation
from septet.execution.checking import RESOLVED
from septet.execution.planning import COMMIT_PLAN, EXTRACT
from septet.execution.results import READ_RESULT
from septet.security.manifests import Asking
from stacks.catalog import read
from stacks.catalog.tools import APPROVAL_S, RESERVED, TYPED
from tests.stacks.catalog.breaking import ANSWER, FIND, INPUT, PAY, Case, add, edit, swap, told, write

CASES: dict[str, Case] = {
    "reserved name": (
        lambda tree: (tree / "functions/tools/find_thing").rename(tree / "functions/tools/answer"),
        "functions/tools/answer/: has a name that the runtime uses",
    ),
    "unknown effect": (swap(PAY, '"financial"', '"finance"'), f"{PAY}: effect: is 'finance', did you mean 'financial'?"),
    "an effect that repeats freely": (swap(PAY, '"keyed"', '"none"'), f"{PAY}: repeat: is 'none', but a financial tool changes something"),
    "an effect without identity": (swap(PAY, '["thing", "cents"]', "[]"), f"{PAY}: identity: names no argument"),
    "identity of no argument": (swap(PAY, '"cents"]', '"cent"]'), f"{PAY}: identity: names 'cent', did you mean 'cents'?"),
    "annotation of no argument": (swap(PAY, "[arguments.cents]", "[arguments.cent]"), f"{PAY}: arguments.cent: names 'cent'"),
    "unknown role of an argument": (swap(PAY, '"amount"', '"sum"'), f"{PAY}: arguments.cents.role: is 'sum'"),
    "a limit that is no amount's": (swap(PAY, 'role = "amount"', 'role = "flag"'), f"{PAY}: arguments.cents.ask_above: is for an amount"),
    "selector of nothing": (
        swap(FIND, 'role = "selector"\nkind = "thing"', 'role = "selector"'),
        f"{FIND}: arguments.thing.kind: is missing",
    ),
    "record without key": (swap(FIND, 'key = "thing"\n', ""), f"{FIND}: output.key: is missing"),
    "owner that is no record": (
        swap(FIND, 'holder = { label = "record" }', "holder = {}"),
        f"{FIND}: output.owner: is 'holder', whose label is not 'record'",
    ),
    "unknown label": (
        swap(FIND, 'holder = { label = "record" }', 'holder = { label = "trusted" }'),
        f"{FIND}: output.fields.holder.label: is 'trusted'",
    ),
    "tool without input": (swap(FIND, "[input]", "[inptu]"), f"{FIND}: inptu: is no key here, did you mean 'input'?"),
    "open input": (swap(FIND, "additionalProperties = false", ""), f"{FIND}: input: must have type"),
    "typo in a schema": (swap(PAY, "minimum = 1", "minimun = 1"), f"{PAY}: input.properties.cents.minimun: is no keyword"),
    "unknown type in a schema": (swap(PAY, '"integer"', '"int"'), f"{PAY}: input.properties.cents.type: is 'int'"),
    "required but unknown": (
        swap(PAY, 'required = ["thing", "cents"]', 'required = ["thng"]'),
        f"{PAY}: input.required: requires ['thng']",
    ),
    "a list required": (swap(PAY, 'required = ["thing", "cents"]', "required = [[]]"), f"{PAY}: input.required: requires [[]]"),
    "a table required": (swap(PAY, 'required = ["thing", "cents"]', "required = {}"), f"{PAY}: input.required: requires [{{}}]"),
    "properties that are none": (
        edit(ANSWER, lambda schema: schema.update(properties=5)),
        f"{ANSWER}: schema.properties: is no table of schemas by name",
    ),
    "no number": (swap(PAY, "minimum = 1", "minimum = nan"), f"{PAY}: cannot be read as TOML: nan is no number"),
    "no last number": (swap(PAY, "minimum = 1", "const = { most = [-inf] }"), f"{PAY}: cannot be read as TOML: -inf is no number"),
    "no number in JSON": (write(INPUT, '{"maximum": 1e400}'), f"{INPUT}: is not JSON: inf is no number"),
    "no type": (swap(PAY, 'type = "integer"', "type = []"), f"{PAY}: input.properties.cents.type: is []: give one of array, boolean"),
    "a multiple of nothing": (
        swap(PAY, "minimum = 1", "multipleOf = 0"),
        f"{PAY}: input.properties.cents.multipleOf: is 0: give a number above",
    ),
    "a pattern that is none": (swap(PAY, "minimum = 1", 'pattern = "("'), f"{PAY}: input.properties.cents.pattern: is '(': give a regular"),
    "one of no schemas": (swap(PAY, "minimum = 1", "anyOf = []"), f"{PAY}: input.properties.cents.anyOf: must be a list with at least one"),
    "a tool as slow as the gateway": (
        swap(PAY, "timeout = 5", "timeout = 31"),
        f"{PAY}: timeout: is 31, and the gateway has time for 30: give less",
    ),
    "reconciling what may be repeated": (
        swap(PAY, 'repeat = "keyed"', 'repeat = "keyed"\nreconcile = true'),
        f"{PAY}: reconcile: is for a tool that repeats 'once', and repeat is 'keyed'",
    ),
    "reconciling by a word": (
        swap(PAY, 'repeat = "keyed"', 'repeat = "once"\nreconcile = "yes"'),
        f"{PAY}: reconcile: is 'yes': give true",
    ),
    "short approval": (swap(PAY, "seconds = 300", "seconds = 5"), f"{PAY}: approval.seconds: is 5"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


@pytest.mark.parametrize("kind", ["E-Mail", "discount", "rate", "contact", "user", "payee", "order"])
def test_a_kind_may_be_typed_or_a_word_of_ones_own(tree: Path, kind: str) -> None:
    add(PAY, f'[arguments.thing]\nrole = "target"\nkind = "{kind}"\n')(tree)
    assert read(tree)


def test_a_kind_of_records_may_be_called_anything(tree: Path) -> None:
    add(PAY, '[arguments.thing]\nrole = "selector"\nkind = "mail"\n')(tree)
    assert read(tree)


def test_the_kinds_with_a_shape_are_those_that_the_gateway_knows() -> None:
    assert set(TYPED) == SPACES.keys()


def test_no_tool_has_a_name_that_the_runtime_offers() -> None:
    assert set(RESERVED) == {conversation.ANSWER, conversation.HAND_OVER, READ_RESULT, COMMIT_PLAN, EXTRACT, RESOLVED}


def test_a_question_stays_open_as_long_as_the_gateway_says() -> None:
    assert Asking().seconds == APPROVAL_S
