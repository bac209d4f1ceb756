"""Inquiries and cancellations, as whoever asks the API meets them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from septet.core.waits import for_approval, for_inquiry
from septet.integration import answering, approving, reading
from septet.integration.answering import answer
from septet.integration.cancelling import cancel
from septet.integration.delivering import deliver, redeliver
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem
from septet.integration.submitting import Submission, submit
from septet.integration.voting import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

SUPPLIER = Principal(tenant="acme", subject="supplier-7", roles=frozenset({"responder"}))
OPERATOR = Principal(tenant="acme", subject="olga", roles=frozenset({"operator"}))
ANN = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter"}))


class Unreachable:
    """A double of executions that cannot be told anything."""

    def wake(self, token: str, output: Mapping[str, Any]) -> bool:
        raise ConnectionError(f"{token} {output}")


def refused(kind: Kind, act: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        act()
    assert caught.value.kind is kind
    return caught.value


class TestAnswering:
    def test_an_answer_is_written_and_wakes_whoever_waits(self, office: Any) -> None:
        asked = office.inquire(office.start())
        found = answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports)
        assert (found.status, found.answer, found.by) == ("answered", {"days": 3}, "supplier-7")
        assert office.executions.woken == {"token-9": {"inquiry": asked.inquiry, "outcome": "answered"}}
        assert list(office.inquiries.undelivered()) == []

    def test_an_answer_that_cannot_be_delivered_stays_in_the_outbox_and_is_delivered_from_there_once(self, office: Any) -> None:
        woken, office.executions = office.executions, Unreachable()
        asked = office.inquire(office.start())
        answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports)
        with pytest.raises(ExceptionGroup):
            redeliver(office.inquiries, office.waits, office.executions, office.clock)
        assert redeliver(office.inquiries, office.waits, woken, office.clock) == 1
        assert redeliver(office.inquiries, office.waits, woken, office.clock) == 0
        assert list(woken.woken) == ["token-9"]

    def test_an_answer_before_anybody_waits_is_delivered_when_somebody_does(self, office: Any) -> None:
        asked = office.inquire(run := office.start(), waits=False)
        found = answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports)
        assert redeliver(office.inquiries, office.waits, office.executions, office.clock) == 0
        office.waits.put("acme", run, for_inquiry(asked.inquiry), "later")
        assert deliver(found, office.inquiries, office.waits, office.executions)
        assert list(office.executions.woken) == ["later"]

    def test_an_answer_that_nobody_ever_waited_for_leaves_the_outbox_when_the_question_is_over(self, office: Any) -> None:
        asked = office.inquire(office.start(), waits=False)
        answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports)
        office.clock.now = asked.expires_at
        assert redeliver(office.inquiries, office.waits, office.executions, office.clock) == 0
        assert list(office.inquiries.undelivered()) == []

    def test_twice_is_once_and_otherwise_is_too_late(self, office: Any) -> None:
        asked = office.inquire(office.start())
        first = answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports)
        assert answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports) == first
        refused(Kind.CONFLICT, lambda: answer(asked.inquiry, {"days": 4}, SUPPLIER, office.ports))
        refused(Kind.CONFLICT, lambda: answer(asked.inquiry, {"days": 3}, OPERATOR, office.ports))

    def test_after_its_time_or_its_run_s_end_it_is_too_late(self, office: Any) -> None:
        asked, other = office.inquire(office.start()), office.inquire(run := office.start())
        office.clock.now = asked.expires_at
        problem = refused(Kind.CONFLICT, lambda: answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports))
        assert "expired" in problem.detail
        office.clock.now = other.asked_at
        office.runs.close("acme", run, status="stopped", ended_at=1)
        refused(Kind.CONFLICT, lambda: answer(other.inquiry, {"days": 3}, SUPPLIER, office.ports))
        assert office.executions.woken == {}

    @pytest.mark.parametrize("value", [None, 3, {}, {"days": -1}, {"days": "3"}, {"days": 3, "more": 1}, {"days": float("nan")}])
    def test_what_the_question_does_not_want_is_refused_and_nothing_is_written(self, office: Any, value: Any) -> None:
        asked = office.inquire(office.start())
        refused(Kind.INVALID, lambda: answer(asked.inquiry, value, SUPPLIER, office.ports))
        assert office.inquiries.get("acme", asked.inquiry).status == "open"

    def test_what_is_for_operators_a_responder_neither_sees_nor_answers(self, office: Any) -> None:
        asked = office.inquire(run := office.start(), roles=("operator",))
        theirs = office.inquire(run, step="other")
        refused(Kind.NOT_FOUND, lambda: answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports))
        assert answering.listed(SUPPLIER, office.ports) == (theirs,)
        assert {one.inquiry for one in answering.listed(OPERATOR, office.ports)} == {asked.inquiry, theirs.inquiry}
        assert answer(asked.inquiry, {"days": 3}, OPERATOR, office.ports).status == "answered"


class TestCancelling:
    def run(self, office: Any, workflow: str = "undoing") -> str:
        return submit(Submission(workflow=workflow, input={"message": "x"}), ANN, office.ports).run

    def test_a_run_that_waits_outside_is_woken_and_its_question_is_over(self, office: Any) -> None:
        asked = office.inquire(run := self.run(office))
        assert cancel(run, "the customer left", ANN, office.ports).cancelled_by == "ann"
        assert office.executions.woken == {"token-9": {"inquiry": asked.inquiry, "outcome": "cancelled"}}
        assert office.inquiries.get("acme", asked.inquiry).status == "cancelled"
        refused(Kind.CONFLICT, lambda: answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports))

    def test_one_that_waits_for_a_person_is_woken_as_well(self, office: Any) -> None:
        run = self.run(office)
        office.waits.put("acme", run, for_approval("apr-1"), "token-2")
        cancel(run, "why", OPERATOR, office.ports)
        assert office.executions.woken == {"token-2": {"approval": "apr-1", "status": "cancelled"}}

    def test_what_it_has_asked_is_over_at_once_whoever_is_told(self, office: Any) -> None:
        run = self.run(office)
        left = office.inquire(run, step="left")
        office.inquiries.change(lambda one: replace(one, afterwards=True))
        question, asked = office.ask(run), office.inquire(run, waits=False)
        boss = Principal(tenant="acme", subject="boss", roles=frozenset({"approver"}))
        assert reading.report(run, OPERATOR, office.ports).status == "waiting"
        cancel(run, "why", OPERATOR, office.ports)
        assert approving.listed(boss, office.ports, limit=9, status="pending") == ()
        assert [one.status for one in approving.listed(boss, office.ports, limit=9, status="expired")] == ["expired"]
        assert approving.found(question.approval, boss, office.ports).status == "expired"
        problem = refused(
            Kind.CONFLICT, lambda: approving.decide(Decision(approval=question.approval, status="approved"), boss, office.ports)
        )
        assert "olga had the run cancelled" in problem.detail
        shown = {one.inquiry: (one.status, one.by) for one in answering.listed(OPERATOR, office.ports)}
        assert shown == {asked.inquiry: ("cancelled", "olga"), left.inquiry: ("open", "")}
        refused(Kind.CONFLICT, lambda: answer(asked.inquiry, {"days": 3}, SUPPLIER, office.ports))
        assert reading.report(run, OPERATOR, office.ports).status == "running"
        assert [status for _, status in reading.listing(OPERATOR, office.ports, limit=9).runs] == ["running"]

    def test_of_a_run_that_ended_nothing_is_open_until_it_is_restarted(self, office: Any) -> None:
        run = self.run(office)
        question, asked = office.ask(run), office.inquire(run, waits=False)
        office.runs.close("acme", run, status="failed", ended_at=1)
        assert approving.found(question.approval, OPERATOR, office.ports).status == "expired"
        assert [one.inquiry for one in answering.listed(OPERATOR, office.ports, status="expired")] == [asked.inquiry]
        office.runs.restart("acme", run, attempt=1, at=2, execution="arn:1")
        assert approving.found(question.approval, OPERATOR, office.ports).status == "pending"
        assert [one.inquiry for one in answering.listed(OPERATOR, office.ports, status="open")] == [asked.inquiry]

    def test_one_that_keeps_what_it_did_is_not_cancelled_any_more(self, office: Any) -> None:
        office.runs.keep("acme", run := self.run(office), attempt=0)
        problem = refused(Kind.CONFLICT, lambda: cancel(run, "why", ANN, office.ports))
        assert "has ended its work and keeps what it did" in problem.detail

    def test_one_that_is_being_restarted_is_cancelled_once_it_is_let_in(self, office: Any) -> None:
        run = self.run(office)
        office.runs.close("acme", run, status="failed", ended_at=1)
        office.runs.restart("acme", run, attempt=1, at=2, execution="arn:1")
        problem = refused(Kind.CONFLICT, lambda: cancel(run, "why", ANN, office.ports))
        assert "is being restarted" in problem.detail
        office.runs.claim("acme", run, "arn:1", attempt=1)
        assert cancel(run, "why", ANN, office.ports).cancelled_by == "ann"

    def test_whoever_was_not_told_repeats_it(self, office: Any) -> None:
        woken, office.executions = office.executions, Unreachable()
        office.inquire(run := self.run(office))
        with pytest.raises(ConnectionError):
            cancel(run, "why", ANN, office.ports)
        office.executions = woken
        assert cancel(run, "again", OPERATOR, office.ports).cancel_reason == "why", "the first who said so stands"
        assert list(woken.woken) == ["token-9"]

    def test_a_workflow_that_cannot_undo_says_to_stop_it(self, office: Any) -> None:
        run = self.run(office, "support")
        problem = refused(Kind.CONFLICT, lambda: cancel(run, "why", ANN, office.ports))
        assert "stop the run" in problem.detail
        assert office.runs.get("acme", run).cancelled_by == ""

    def test_one_that_has_ended_or_is_somebody_else_s_is_not_cancelled(self, office: Any) -> None:
        run = self.run(office)
        refused(Kind.NOT_FOUND, lambda: cancel(run, "why", Principal(tenant="acme", subject="eve", roles=ANN.roles), office.ports))
        refused(Kind.FORBIDDEN, lambda: cancel(run, "why", SUPPLIER, office.ports))
        office.runs.close("acme", run, status="failed", ended_at=1)
        refused(Kind.CONFLICT, lambda: cancel(run, "why", ANN, office.ports))
