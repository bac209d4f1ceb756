"""How cells are tried: one that fails to begin ends nobody else's, what is wrong is tried once more, and a twin that is gone is noticed."""

from typing import Any

import pytest

from tests.faults import failures
from tests.faults.cells import Cell
from tests.faults.route import Route

ROUTE = Route(name="a way", workflow="one", input={})
MANY = failures.IN_VAIN + 2


class Gone:
    """A twin whose every service fails."""

    prefix = "septet-twin"

    def client(self, _: str) -> Any:
        raise ConnectionError("nobody listens")


def some(count: int) -> list[Cell]:
    return [
        Cell(workflow="one", state="It works", function="f", error=f"E{number}", route=ROUTE, shown="It works") for number in range(count)
    ]


def test_what_cannot_be_tried_is_said_and_tried_once_more() -> None:
    told: list[failures.End] = []
    ends = failures.run(Gone(), some(2), width=2, tell=told.append)
    assert [(end.status, end.error) for end in ends] == [("not tried", "ConnectionError: nobody listens")] * 2
    assert len(told) == 4
    assert all(end.wrong for end in ends)
    assert [end.before for end in ends] == [end.outcome for end in ends]


def test_a_twin_that_is_gone_is_noticed_before_all_is_tried() -> None:
    told: list[failures.End] = []
    with pytest.raises(failures.TwinGone, match="nobody listens"):
        failures.run(Gone(), some(MANY), width=1, tell=told.append)
    assert len(told) == failures.IN_VAIN - 1
