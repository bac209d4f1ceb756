"""A decision whose writer dies: between any two calls to a store, before a call was done or after it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from septet.integration.approving import decide
from septet.integration.voting import Decision
from septet.security.delivery import redeliver
from tests.unit.integration.conftest import principal

if TYPE_CHECKING:
    from tests.unit.integration.conftest import Office

BOSS = principal("boss", "approver")


class Died(BaseException):
    """The process is gone: nothing in it catches this."""


class Mortal:
    """A store whose caller dies at one of the calls."""

    def __init__(self, store: Any, left: list[int], *, after: bool) -> None:
        self._store, self._left, self._after = store, left, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)

        def call(*given: Any, **named: Any) -> Any:
            self._left[0] -= 1
            if self._left[0] == 0 and not self._after:
                raise Died
            found = method(*given, **named)
            if self._left[0] == 0:
                raise Died
            return found

        return call


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", range(1, 12))
def test_a_decision_is_told_once_wherever_its_writer_died(office: Office, call: int, *, after: bool) -> None:
    question = office.ask(office.start()).approval
    left = [call]
    mortal: dict[str, Any] = {
        name: Mortal(getattr(office, name), left, after=after) for name in ("approvals", "executions", "runs", "journal")
    }
    decision = Decision(approval=question, status="approved", reason="yes")
    with suppress(Died):
        decide(decision, BOSS, replace(office.ports, **mortal))

    written = office.approvals.get("acme", question).status == "approved"
    told = dict(office.executions.woken)
    assert written or not told, "nobody is told of what is not written"
    redeliver(office.approvals, office.executions, office.clock)
    assert ("token-1" in office.executions.woken) == written, "what is written is told, late at the worst"
    assert not told or office.executions.woken == told, "and once"
    assert [*office.approvals.undelivered()] == []
    if not written:
        decide(decision, BOSS, office.ports)
    assert office.executions.woken == {"token-1": {"approval": question, "status": "approved"}}


def test_the_step_that_tells_may_die_as_well(office: Office) -> None:
    question = office.ask(office.start()).approval
    office.approvals.decide("acme", question, status="approved", by="boss", reason="yes", at=office.clock())
    for call in range(1, 6):
        mortal = [Mortal(store, [call], after=True) for store in (office.approvals, office.executions)]
        with suppress(Died):
            redeliver(mortal[0], mortal[1], office.clock)
    redeliver(office.approvals, office.executions, office.clock)
    assert list(office.executions.woken) == ["token-1"]
    assert [*office.approvals.undelivered()] == []
