"""Keeping or undoing, beside somebody who cancels at any moment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.errors import InputRejected, StoreUnavailable
from septet.core.runs import Run
from septet.local.runs import MemoryRuns
from septet.orchestration.compensating import compensate
from tests.unit.strategies import quick

RUN = Run(tenant="acme", run="run-1", workflow="supply", submitter="ann", digest="", created_at=1)


class Gateway:
    """A double of the gateway that counts how often it is asked to undo."""

    def __init__(self) -> None:
        self.asked = 0

    def undo(self, tenant: str, run: str) -> dict[str, Any]:
        assert (tenant, run) == ("acme", "run-1")
        self.asked += 1
        return {"outcome": "undone", "undone": 1, "named": 0}


class Crossed:
    """Run records; before the call whose turn it is somebody does something, and some calls fail before or after they are made."""

    def __init__(self, runs: MemoryRuns, at: int, act: Any, breaks: list[str]) -> None:
        self.runs, self.at, self.act, self.breaks = runs, at, act, breaks
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            if self.calls == self.at:
                self.act()
            self.calls += 1
            fate = self.breaks.pop() if self.breaks else "fine"
            if fate == "before":
                raise StoreUnavailable(fate)
            found = getattr(self.runs, name)(*given, **named)
            if fate == "after":
                raise StoreUnavailable(fate)
            return found

        return call


class World:
    def __init__(self) -> None:
        self.runs, self.gateway = MemoryRuns(), Gateway()
        self.runs.create(RUN)

    def ask(self, runs: Any = None, **rest: Any) -> str:
        given = {"only": "cancelled", "execution": "run-1"} | rest
        return str(compensate("acme", "run-1", runs=runs or self.runs, gateway=self.gateway, **given)["outcome"])

    def cancel(self) -> bool:
        return self.runs.cancel("acme", "run-1", by="boss", reason="") is not None

    def end(self) -> None:
        self.runs.close("acme", "run-1", status="succeeded", ended_at=9)


@quick
@given(at=st.integers(0, 8), breaks=st.lists(st.sampled_from(["fine", "before", "after"]), max_size=4))
def test_whenever_it_comes_a_cancellation_is_accepted_if_and_only_if_what_was_done_is_undone(at: int, breaks: list[str]) -> None:
    world, accepted = World(), list[bool]()
    crossed = Crossed(world.runs, at, lambda: accepted.append(world.cancel()), breaks)
    for _ in range(6):  # Step Functions asks again after StoreUnavailable
        try:
            outcome = world.ask(crossed)
        except StoreUnavailable:
            continue
        break
    if not accepted:  # between the state and the end of the run, or after it
        if at % 2:
            world.end()
        accepted.append(world.cancel())
    assert accepted == [outcome == "undone"]
    assert world.gateway.asked == (outcome == "undone")


def test_what_a_late_refusal_calls_refused_is_kept_all_the_same() -> None:
    world = World()
    world.runs.refuse("acme", "run-1", at=2, error="BudgetExhausted", message="")  # by a submission with the same key that was held up
    assert world.ask() == "kept"
    world.runs.started("acme", "run-1", "arn")  # by the one that started it
    assert not world.cancel()


def test_without_only_it_is_undone_whoever_cancelled() -> None:
    world = World()
    assert world.ask(only="") == "undone"
    assert world.cancel(), "nothing says that it is kept"


def test_an_attempt_that_is_over_keeps_nothing_of_the_present_one() -> None:
    world = World()
    world.end()
    world.runs.records["acme", "run-1"] = RUN
    world.runs.close("acme", "run-1", status="failed", ended_at=2)
    world.runs.restart("acme", "run-1", attempt=1, at=3, execution="arn:1")
    world.runs.claim("acme", "run-1", "arn:1", attempt=1)
    assert world.ask(execution="run-1") == "kept"
    assert world.cancel(), "the present attempt has kept nothing yet"
    assert world.ask(execution="run-1") == "kept", "and undoing is not for who is over"
    assert world.ask(execution="run-1.1") == "undone"


@pytest.mark.parametrize("wrong", [{"only": "canceled"}, {"run": "run-2"}])
def test_what_it_does_not_know_it_refuses(wrong: dict[str, str]) -> None:
    world = World()
    given: dict[str, Any] = {"only": "cancelled", "execution": "run-1", "run": "run-1"} | wrong
    with pytest.raises(InputRejected):
        compensate("acme", given.pop("run"), runs=world.runs, gateway=world.gateway, **given)
    assert world.gateway.asked == 0
