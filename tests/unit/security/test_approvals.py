from collections.abc import Mapping
from copy import replace
from typing import Any

import pytest

from septet.core.runs import Run
from septet.local.approvals import MemoryApprovals, MemoryExecutions
from septet.local.runs import MemoryRuns
from septet.security.approvals import Approval, Vote, approval_id, with_vote
from septet.security.delivery import SECONDS, deliver, overdue, redeliver

CALL: dict[str, Any] = {"tenant": "acme", "run": "run-1", "tool": "issue_refund", "arguments": {"order_id": "A-1", "amount_cents": 1}}


def asked(approvals: MemoryApprovals, name: str = "apr-1", *, at: int = 0) -> Approval:
    question = Approval(
        tenant="acme", approval=name, run="run-1", turn="t", tool="t", arguments={}, asked_by="clerk", asked_at=at, expires_at=1_000
    )
    return approvals.ask(question)


def runs(**changes: Any) -> MemoryRuns:
    """The records, with that of the run that asks."""
    found = MemoryRuns()
    found.create(replace(Run(tenant="acme", run="run-1", workflow="w", submitter="ann", digest="", created_at=1), **changes))
    return found


def decided(approvals: MemoryApprovals, name: str = "apr-1", *, at: int = 10) -> Approval:
    found = approvals.decide("acme", name, status="approved", by="boss", reason="", at=at)
    assert found is not None
    return found


def test_the_same_call_is_the_same_question() -> None:
    assert approval_id(**CALL) == approval_id(**CALL | {"arguments": {"amount_cents": 1, "order_id": "A-1"}})


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": "other"},
        {"run": "run-2"},
        {"tool": "send_parcel"},
        {"path": "specialists-0"},
        {"arguments": {"order_id": "A-1", "amount_cents": 2}},
        {"arguments": {"order_id": "A-1", "amount_cents": 1, "reason": ""}},
        {"arguments": {"order_id": "A-1", "amount_cents": "1"}},
    ],
)
def test_any_other_call_is_another_question(change: dict[str, Any]) -> None:
    assert approval_id(**CALL) != approval_id(**CALL | change)


def test_the_same_person_twice_is_one_approver_however_it_came_to_be_written() -> None:
    question = replace(asked(MemoryApprovals()), approvers=2)
    twice = with_vote(with_vote(question, Vote(by="eve", at=1)), Vote(by="eve", at=2))
    assert (twice.status, twice.approved_by) == ("pending", ("eve",))
    assert with_vote(twice, Vote(by="zoe", at=3)).status == "approved"


class TestDelivery:
    def test_a_decision_wakes_the_execution_that_waits_once(self) -> None:
        approvals, executions = MemoryApprovals(), MemoryExecutions()
        asked(approvals)
        approvals.wait("acme", "apr-1", "token-1")
        assert deliver(decided(approvals), approvals, executions)
        assert executions.woken == {"token-1": {"approval": "apr-1", "status": "approved"}}
        assert [*approvals.undelivered()] == []
        assert redeliver(approvals, executions, lambda: 20) == 0

    def test_nothing_is_told_before_there_is_a_decision_and_somebody_waits(self) -> None:
        approvals, executions = MemoryApprovals(), MemoryExecutions()
        assert not deliver(asked(approvals), approvals, executions)
        waiting = approvals.wait("acme", "apr-1", "token-1")
        assert waiting is not None
        assert not deliver(waiting, approvals, executions)
        approvals.wait("acme", "apr-1", "")
        assert not deliver(decided(approvals), approvals, executions)
        assert executions.woken == {}

    def test_a_decision_written_before_anybody_waited_reaches_whoever_comes_to_wait(self) -> None:
        approvals, executions = MemoryApprovals(), MemoryExecutions()
        asked(approvals)
        decided(approvals)
        waiting = approvals.wait("acme", "apr-1", "token-1")
        assert waiting is not None
        assert deliver(waiting, approvals, executions)
        assert list(executions.woken) == ["token-1"]

    def test_a_decision_whose_delivery_broke_is_delivered_from_the_outbox(self) -> None:
        approvals, executions = MemoryApprovals(), MemoryExecutions()
        asked(approvals)
        approvals.wait("acme", "apr-1", "token-1")
        decided(approvals)
        assert redeliver(approvals, executions, lambda: 20) == 1
        assert list(executions.woken) == ["token-1"]

    def test_a_crash_after_waking_and_before_noting_it_wakes_nobody_twice(self) -> None:
        class Forgetful(MemoryApprovals):
            def delivered(self, tenant: str, approval: str) -> None:
                raise ConnectionError(f"{tenant} {approval}")

        approvals, executions = Forgetful(), MemoryExecutions()
        asked(approvals)
        approvals.wait("acme", "apr-1", "token-1")
        for _ in range(2):
            with pytest.raises(ConnectionError):
                deliver(decided(approvals) if not executions.woken else next(approvals.undelivered()), approvals, executions)
        assert len(executions.woken) == 1

    def test_a_decision_nobody_ever_waited_for_leaves_the_outbox_when_its_question_would_have_expired(self) -> None:
        approvals, executions = MemoryApprovals(), MemoryExecutions()
        asked(approvals)
        decided(approvals)
        assert redeliver(approvals, executions, lambda: 999) == 0
        assert len([*approvals.undelivered()]) == 1
        assert redeliver(approvals, executions, lambda: 1_000) == 0
        assert [*approvals.undelivered()] == []

    def test_one_that_cannot_be_told_does_not_keep_others_from_being_told(self) -> None:
        class Picky(MemoryExecutions):
            def wake(self, token: str, output: Mapping[str, Any]) -> bool:
                if token == "token-1":
                    raise ConnectionError
                return super().wake(token, output)

        approvals, executions = MemoryApprovals(), Picky()
        for place in (1, 2, 3):
            asked(approvals, f"apr-{place}")
            approvals.wait("acme", f"apr-{place}", f"token-{place}")
            decided(approvals, f"apr-{place}", at=10 + place)
        with pytest.raises(ExceptionGroup):
            redeliver(approvals, executions, lambda: 20)
        assert list(executions.woken) == ["token-2", "token-3"]

    def test_a_head_that_takes_all_the_time_does_not_block_those_behind_it_for_longer_than_a_minute(self) -> None:
        now = [0]

        class Slow(MemoryExecutions):
            def wake(self, token: str, output: Mapping[str, Any]) -> bool:
                if token == "stuck":
                    now[0] += SECONDS * 1000
                    raise ConnectionError
                return super().wake(token, output)

        approvals, executions = MemoryApprovals(), Slow()
        for place, token in enumerate(("stuck", "stuck", "behind")):
            asked(approvals, f"apr-{place}")
            approvals.wait("acme", f"apr-{place}", token)
            decided(approvals, f"apr-{place}", at=10 + place)
        for minute in range(2):
            now[0] = minute * 60_000
            with pytest.raises(ExceptionGroup):
                redeliver(approvals, executions, lambda: now[0])
        assert list(executions.woken) == ["behind"]

    def test_a_hundred_that_nobody_waits_for_do_not_block_the_one_behind_them(self) -> None:
        approvals, executions = MemoryApprovals(), MemoryExecutions()
        for place in range(150):
            asked(approvals, f"apr-{place}")
            decided(approvals, f"apr-{place}", at=10 + place)
        approvals.wait("acme", "apr-149", "token")
        assert redeliver(approvals, executions, lambda: 500) == 1


class TestEscalation:
    def ask(self, approvals: MemoryApprovals, name: str, *, at: int, expires: int = 1_000) -> None:
        question = asked(MemoryApprovals(), name)
        approvals.ask(replace(question, expires_at=expires, escalates_at=at, escalate_to=("auditor",)))

    def test_operators_are_told_of_each_question_once(self) -> None:
        approvals = MemoryApprovals()
        self.ask(approvals, "apr-1", at=100)
        self.ask(approvals, "apr-2", at=200)
        assert [one.approval for one in overdue(approvals, runs(), 99)] == []
        assert [one.approval for one in overdue(approvals, runs(), 100)] == ["apr-1"]
        assert [one.approval for one in overdue(approvals, runs(), 300)] == ["apr-2"]

    @pytest.mark.parametrize("over", [{"status": "stopped"}, {"cancelled_by": "boss"}])
    def test_of_a_run_that_has_ended_or_is_cancelled_nobody_is_told(self, over: dict[str, Any]) -> None:
        approvals = MemoryApprovals()
        self.ask(approvals, "apr-1", at=100)
        assert [*overdue(approvals, runs(**over), 100)] == []
        assert [*approvals.escalating(100)] == [], "and nobody looks again"

    def test_a_question_is_told_of_again_when_whoever_tells_was_gone_first(self) -> None:
        approvals = MemoryApprovals()
        self.ask(approvals, "apr-1", at=100)
        next(overdue(approvals, runs(), 100))
        assert len([*overdue(approvals, runs(), 100)]) == 1

    def test_one_that_has_expired_is_not_told_of(self) -> None:
        approvals = MemoryApprovals()
        self.ask(approvals, "apr-1", at=100, expires=150)
        assert [*overdue(approvals, runs(), 150)] == []
        assert [*approvals.escalating(150)] == []
