from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given
from hypothesis import strategies as st

from septet.aws.items import attribute, dumps, item, loads, values
from tests.unit.strategies import json_values, quick, text

held = st.dictionaries(text, st.one_of(text, st.integers(-(10**37), 10**37), st.booleans()), max_size=5)


@quick
@given(held)
def test_what_goes_into_an_item_comes_out_of_it(value: dict[str, Any]) -> None:
    assert values(item(value)) == value
    assert [type(out) for out in values(item(value)).values()] == [type(put) for put in value.values()]


@quick
@given(held)
def test_items_are_what_boto3_itself_reads(value: dict[str, Any]) -> None:
    read: Any = TypeDeserializer().deserialize
    assert {name: read(stored) for name, stored in item(value).items()} == value


def test_nothing_is_left_out() -> None:
    assert item({"a": None, "b": 0, "c": "", "d": False}) == {"b": {"N": "0"}, "c": {"S": ""}, "d": {"BOOL": False}}


@pytest.mark.parametrize("value", [1.5, b"", [], {}, ()])
def test_any_other_type_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no attribute for"):
        attribute(value)


@quick
@given(json_values)
def test_json_in_an_attribute_comes_back(value: Any) -> None:
    assert loads(dumps(value)) == value


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("nan"))
