"""A run is lost whose execution has ended and whose record nothing closes: seen in the table, before the API is asked."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from tests.faults.cells import Cell
from tests.faults.failures import followed
from tests.faults.route import CLOSING, Closing, Lost, Route

OPEN = {"status": "running", "execution": "arn"}


@dataclass
class Executions:
    """Step Functions with one execution."""

    status: str = "RUNNING"

    def describe_execution(self, **asked: str) -> dict[str, str]:
        assert asked == {"executionArn": "arn"}
        return {"status": self.status}


def test_an_open_record_is_lost_a_while_after_its_execution_has_ended() -> None:
    states, now = Executions(), [0.0]
    closing = Closing(executions=states, clock=lambda: now[0])
    closing.look({})  # nothing was started so far
    now[0] += 10 * CLOSING
    closing.look(OPEN)
    now[0] += 10 * CLOSING
    states.status = "FAILED"
    closing.look(OPEN)
    now[0] += CLOSING
    closing.look(OPEN)
    now[0] += 1
    with pytest.raises(Lost, match="its execution has ended, and 90 s later its record is 'running'"):
        closing.look(OPEN)


@dataclass(kw_only=True)
class Table:
    """A desk that holds one record and asks nobody anything, on a twin whose execution has ended; it counts what the API is asked."""

    status: str
    asked: int = 0
    prefix = "twin"
    tenant = "t"

    @property
    def twin(self) -> Any:
        return self

    def client(self, name: str) -> Any:
        return self if name == "dynamodb" else Executions("SUCCEEDED")

    def query(self, **_: Any) -> dict[str, Any]:
        return {"Items": []}

    def item(self, table: str, **key: str) -> dict[str, str]:
        assert (table, key) == ("runs", {"run": "r"})
        return OPEN | {"status": self.status}

    def run(self, run: str) -> dict[str, Any]:
        self.asked += 1
        return {"id": run, "status": self.status}


def test_the_api_is_not_asked_before_the_record_is_closed() -> None:
    desk: Any = Table(status="running")
    now = count(step=CLOSING + 1)
    with pytest.raises(Lost):
        Route(name="a way", workflow="one", input={}).accompany(desk, "r", clock=lambda: next(now))
    assert desk.asked == 0
    desk.status = "succeeded"
    assert Route(name="a way", workflow="one", input={}).accompany(desk, "r")["status"] == "succeeded"
    assert desk.asked == 1


@dataclass(frozen=True, kw_only=True)
class Failing(Route):
    """A route that fails."""

    error: AssertionError

    def accompany(self, *_: Any, **__: Any) -> dict[str, Any]:
        raise self.error


@pytest.mark.parametrize(("error", "status"), [(Lost("it was"), "lost"), (AssertionError("it did not end"), "hangs")])
def test_a_lost_run_is_no_hanging_one(error: AssertionError, status: str) -> None:
    desk: Any = None
    way = Failing(name="a way", workflow="one", input={}, error=error)
    cell = Cell(workflow="one", state="It works", function="f", error="KeyError", route=way, shown="It works")
    end = followed(desk, cell, "r", 0)
    assert (end.status, end.error, end.wrong) == (status, str(error), True)
