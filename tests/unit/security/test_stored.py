"""Labels that travel with stored objects: they are read back as they were written, and what cannot be read is the worst case."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.entry.tool import Context, serve
from septet.security.calls import Done, kept
from septet.security.labels import Label
from septet.security.stored import ATTRIBUTE, FIELDS, TAG, WHOLE, Labelled, attribute, from_attribute, from_tags, tag
from tests.unit.shop import FIND
from tests.unit.strategies import json_values, quick

labels = st.dictionaries(st.text(min_size=1, max_size=5), st.sampled_from([label.name.lower() for label in Label]), min_size=1, max_size=5)


@given(labels)
@quick
def test_an_attribute_is_read_as_it_was_written(given_labels: dict[str, str]) -> None:
    assert from_attribute(attribute(given_labels)) == given_labels


def test_of_many_fields_all_have_the_worst_label() -> None:
    many = dict.fromkeys(map(str, range(FIELDS)), "record")
    assert attribute(many | {"last": "external"}) == {WHOLE: "external"}


@given(json_values)
@quick
def test_what_is_no_attribute_of_ours_is_unknown_or_labels(value: Any) -> None:
    assert set(from_attribute(value).values()) <= {label.name.lower() for label in Label}
    if not isinstance(value, dict) or not value:
        assert from_attribute(value) == {WHOLE: "unknown"}


def test_a_tag_says_the_worst() -> None:
    assert tag({"a": "record", "b": "external"}) == "external"
    assert from_tags([{"Key": "other", "Value": "x"}, {"Key": TAG, "Value": "external"}]) == {WHOLE: "external"}


@pytest.mark.parametrize("tags", [[], [{"Key": TAG, "Value": "trust me"}], [{"Key": "label", "Value": "record"}]])
def test_an_object_without_our_tag_is_unknown(tags: list[dict[str, str]]) -> None:
    assert from_tags(tags) == {WHOLE: "unknown"}


def test_a_tool_returns_labels_and_is_given_them() -> None:
    written: dict[str, Any] = {}

    def note(arguments: Any, context: Context) -> Any:
        written.update({ATTRIBUTE: attribute(context.labels)})
        return Labelled(value={"text": arguments["text"]}, labels=from_attribute(written[ATTRIBUTE]))

    context = {"tenant": "acme", "run": "run-1", "principal": "ann", "key": "", "labels": {"text": "external"}}
    told = serve(note)({"arguments": {"text": "hello"}, "context": context}, None)
    assert written == {ATTRIBUTE: {"text": "external"}}
    assert kept(FIND, told) == Done(value={"text": "hello"}, labels={"text": "external"})
    assert kept(FIND, kept(FIND, told).told) == kept(FIND, told), "an effect's record keeps them"
    assert kept(FIND, {"labelled": 1}) == Done(value={"labelled": 1})
