"""The projector behind streams: bells, what comes again, and keys that are none."""

from collections.abc import Sequence
from typing import Any

import pytest

from septet.core.errors import StoreUnavailable
from septet.entry.streams import Bell, bell, serve


def record(keys: dict[str, Any], number: int = 1) -> dict[str, Any]:
    return {"eventID": str(number), "dynamodb": {"Keys": keys, "SequenceNumber": str(number)}}


def entry(path: str, number: int = 1) -> dict[str, Any]:
    return record({"pk": {"S": f"acme#run-1#{path}"}, "number": {"N": str(number)}}, number)


RUN = record({"tenant": {"S": "acme"}, "run": {"S": "run-1"}}, 9)


class Projector:
    """Notes where it was told to look."""

    def __init__(self, trouble: Sequence[str] = (), damaged: Sequence[str] = ()) -> None:
        self.trouble = trouble
        self.damaged = damaged
        self.looked: list[tuple[str, str, str]] = []
        self.put_aside: list[tuple[str, str]] = []

    def lose(self, what: str, reason: str) -> None:
        self.put_aside.append((what, reason))

    def project(self, tenant: str, run: str, path: str) -> int:
        self.looked.append((tenant, run, path))
        if path in self.trouble:
            raise StoreUnavailable("down")
        if path in self.damaged:
            raise KeyError("workflow")
        return 1


def served(projector: Projector, *records: dict[str, Any]) -> Any:
    return serve(__file__, make=lambda _: projector)({"Records": records}, None)  # type: ignore[arg-type,return-value]  # its double


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (entry("main"), Bell(tenant="acme", run="run-1", path="main")),
        (RUN, Bell(tenant="acme", run="run-1")),
        (record({"pk": {"S": "no"}}), None),
    ],
)
def test_a_record_says_where_to_look(told: dict[str, Any], expected: Bell | None) -> None:
    assert bell(told) == expected


def test_each_place_is_looked_at_once_in_a_batch() -> None:
    projector = Projector()
    assert served(projector, entry("main", 1), entry("main", 2), entry("a", 3), RUN) == {"batchItemFailures": []}
    assert projector.looked == [("acme", "run-1", "main"), ("acme", "run-1", "a"), ("acme", "run-1", "")]


def test_a_batch_comes_again_from_the_first_record_that_could_not_be_projected_and_the_others_are() -> None:
    projector = Projector(trouble=["a"])
    assert served(projector, entry("main", 1), entry("a", 2), entry("a", 3), entry("b", 4)) == {
        "batchItemFailures": [{"itemIdentifier": "2"}]
    }
    assert [path for _, _, path in projector.looked] == ["main", "a", "b"]


def test_keys_of_something_else_are_put_aside_and_do_not_come_again() -> None:
    projector = Projector()
    assert served(projector, record({"pk": {"S": "#x"}}, 1), entry("main", 2)) == {"batchItemFailures": []}
    assert projector.put_aside == [('{"pk": {"S": "#x"}}', "the keys are neither an entry's nor a run's")]
    assert projector.looked == [("acme", "run-1", "main")]


def test_what_cannot_be_read_however_often_it_comes_is_put_aside_and_holds_nobody_up() -> None:
    projector = Projector(damaged=["a"])
    assert served(projector, entry("a", 1), entry("main", 2), entry("a", 3)) == {"batchItemFailures": []}
    assert projector.put_aside == [('{"tenant": "acme", "run": "run-1", "path": "a"}', "KeyError")]
    assert [path for _, _, path in projector.looked] == ["a", "main"]


def test_a_projector_that_cannot_be_made_puts_nothing_aside() -> None:
    def unmade(_: str) -> Any:
        raise KeyError("AWS_REGION")

    with pytest.raises(KeyError):
        serve(__file__, make=unmade)({"Records": [entry("main")]}, None)
