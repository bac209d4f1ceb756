import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.security.labels import Label, declared, worst
from tests.unit.strategies import quick


def test_ranks_are_those_that_policies_compare() -> None:
    assert [label.name for label in sorted(Label)] == [
        "CONSTANT",
        "PROMPT",
        "ANCHORED",
        "RECORD",
        "DERIVED",
        "COUNTERPARTY",
        "EXTERNAL",
        "UNKNOWN",
    ]
    assert [int(label) for label in Label] == list(range(8))


@quick
@given(st.lists(st.sampled_from(Label)), st.sampled_from(Label))
def test_what_is_made_of_several_is_no_better_than_any_of_them(labels: list[Label], more: Label) -> None:
    assert all(worst(labels) >= label for label in labels)
    assert worst([*labels, more]) >= worst(labels)
    assert worst(reversed(labels)) == worst(labels)


@pytest.mark.parametrize("name", ["Record", "prompt", "constant", "trusted", ""])
def test_a_manifest_s_word_that_nobody_knows_is_the_worst_case(name: str) -> None:
    assert declared(name) is Label.UNKNOWN
