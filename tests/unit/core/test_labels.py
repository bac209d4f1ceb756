import pytest

from septet.core.canonical import canonical
from septet.core.labels import FIELDS, REST, label, labelled

DECLARED = {"id": "record", "note": "trusted"}


def test_each_field_has_the_label_that_is_declared_or_the_worst() -> None:
    labels = labelled(["id", "more"], DECLARED, "external")
    assert labels == {"id": "record", "more": "external"}
    assert [label(labels, name) for name in ("id", "more")] == ["record", "external"]


@pytest.mark.parametrize("names", [[f"{n:x}" for n in range(40_000)], ["x" * 400_000], [str(n) for n in range(FIELDS + 1)]])
def test_many_or_long_names_stand_under_one_and_mean_the_same(names: list[str]) -> None:
    labels = labelled(["id", *names], DECLARED, "unknown")
    assert labels == {"id": "record", REST: "unknown"}
    assert len(canonical(labels)) < 100
    assert {label(labels, name) for name in names} == {"unknown"}
    assert label(labels, "id") == "record"


def test_no_field_of_that_name_makes_the_others_better() -> None:
    names = [REST, *map(str, range(FIELDS + 1))]
    assert labelled(names, {REST: "record"}, "external") == {REST: "external"}


def test_where_every_field_is_declared_each_keeps_its_own_however_many() -> None:
    declared = dict.fromkeys(map(str, range(FIELDS * 2)), "record")
    assert labelled(declared, declared, "external") == declared


def test_a_field_that_nothing_is_said_of_is_external() -> None:
    assert label({}, "id") == label({"other": "record"}, "id") == "external"
