"""Several people and one question: who may decide, whose word counts, and for which call."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.integration import approving
from septet.integration.http.views import approval
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem
from septet.integration.voting import EDIT_BYTES, Decision
from septet.security.approvals import Approval


def person(subject: str, *roles: str) -> Principal:
    return Principal(tenant="acme", subject=subject, roles=frozenset(roles or ("approver",)))


ANN = person("ann", "submitter")
EVE, ZOE, IDA = person("eve"), person("zoe", "admin"), person("ida")
LESS, EVEN_LESS = {"order_id": "1002", "amount": 4000}, {"order_id": "1002", "amount": 100}


@pytest.fixture
def ask(office: Any) -> Any:
    """Asks a question that *changes* are true of."""

    def asked(who: Principal = ANN, **changes: Any) -> Approval:
        question = office.ask(office.start(who))
        changed = replace(question, **changes)
        office.approvals._approvals["acme", question.approval] = changed
        return changed

    return asked


@pytest.fixture
def say(office: Any) -> Any:
    def said(who: Principal, question: Approval, **rest: Any) -> Approval:
        decision = Decision(approval=question.approval, **{"status": "approved", **rest})
        return approving.decide(decision, who, office.ports)

    return said


def refused(say: Any, who: Principal, question: Approval, kind: Kind, **rest: Any) -> str:
    with pytest.raises(Problem) as caught:
        say(who, question, **rest)
    assert caught.value.kind is kind
    return caught.value.detail


class TestRoles:
    @pytest.mark.parametrize("role", ["approver", "auditor"])
    def test_only_the_roles_a_question_names_decide_and_an_admin(self, ask: Any, say: Any, role: str) -> None:
        question = ask(roles=("operator",))
        assert "admin, operator" in refused(say, person("max", role), question, Kind.FORBIDDEN)
        assert "admin, operator" in refused(say, person("max", role), question, Kind.FORBIDDEN, status="rejected")
        assert say(person("max", "operator"), question).status == "approved"

    def test_an_admin_always_does(self, ask: Any, say: Any) -> None:
        assert say(ZOE, ask(roles=("operator",))).status == "approved"

    def test_escalation_lets_more_roles_decide_from_its_time_on(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(escalates_at=office.clock() + 1_000, escalate_to=("auditor",))
        late = person("max", "auditor")
        office.clock.now = question.escalates_at - 1
        assert "auditor" not in refused(say, late, question, Kind.FORBIDDEN)
        office.clock.now += 1
        assert say(late, question).status == "approved"

    def test_who_could_decide_before_an_escalation_still_can(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(escalates_at=office.clock(), escalate_to=("auditor",))
        assert say(EVE, question).status == "approved"

    def test_whatever_role_they_have_nobody_approves_their_own_run(self, ask: Any, say: Any) -> None:
        both = person("ann", "submitter", "operator", "admin")
        question = ask(both, roles=("operator",), approvers=2)
        assert "you submitted this run" in refused(say, both, question, Kind.FORBIDDEN)
        assert "you submitted this run" in refused(say, both, question, Kind.FORBIDDEN, arguments=LESS)


class TestFourEyes:
    def test_two_different_people_have_to_approve(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        first = say(EVE, question, reason="paid")
        assert (first.status, first.approved_by) == ("pending", ("eve",))
        assert office.executions.woken == {}
        second = say(ZOE, question, reason="checked")
        assert (second.status, second.approved_by, second.decided_by) == ("approved", ("eve", "zoe"), "zoe")
        assert office.executions.woken["token-1"]["status"] == "approved"
        assert [(vote.by, vote.reason) for vote in second.votes] == [("eve", "paid"), ("zoe", "checked")]

    def test_the_same_person_twice_is_one_and_is_told_so(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        first = say(EVE, question)
        told = refused(say, EVE, question, Kind.CONFLICT)
        assert "you have approved this call already (1 of 2)" in told
        assert office.approvals.get("acme", question.approval) == first
        assert "already" in refused(say, EVE, question, Kind.CONFLICT, arguments=question.arguments)

    def test_one_rejection_rejects(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question)
        assert say(ZOE, question, status="rejected", reason="no").status == "rejected"
        assert office.executions.woken["token-1"]["status"] == "rejected"
        assert "rejected already" in refused(say, IDA, question, Kind.CONFLICT)

    def test_who_approved_may_still_reject_while_it_is_open(self, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question)
        assert say(EVE, question, status="rejected").decided_by == "eve"

    def test_once_settled_each_of_them_may_repeat_their_word(self, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question)
        settled = say(ZOE, question)
        for who in (EVE, ZOE):
            assert replace(say(who, question), delivered=False) == replace(settled, delivered=False)
        assert "approved already" in refused(say, IDA, question, Kind.CONFLICT)

    def test_votes_do_not_outlive_the_question(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question)
        office.clock.now = question.expires_at
        assert "expired" in refused(say, ZOE, question, Kind.CONFLICT)

    def test_many_at_once_are_counted_once_each(self, office: Any, ask: Any, say: Any) -> None:
        people = [person(f"p-{place}") for place in range(8)]
        for needed in (2, 5, 8):
            question = ask(approvers=needed)
            together = Barrier(8)

            def vote(who: Principal, question: Approval = question, together: Barrier = together) -> bool:
                together.wait()
                try:
                    say(who, question)
                except Problem as late:
                    return late.kind is not Kind.CONFLICT
                return True

            with ThreadPoolExecutor(8) as pool:
                counted = {who.subject for who, done in zip(people, pool.map(vote, people), strict=True) if done}
            end = office.approvals.get("acme", question.approval)
            assert end.status == "approved"
            assert len(end.votes) == len(counted) == needed
            assert set(end.approved_by) == counted


class TestEditing:
    def test_one_may_approve_with_other_arguments_and_both_are_kept(self, ask: Any, say: Any) -> None:
        question = ask()
        done = say(EVE, question, arguments=LESS)
        assert (done.status, done.arguments, done.edited, done.edited_by) == ("approved", question.arguments, LESS, "eve")
        assert done.call != question.call == question.approval

    @pytest.mark.parametrize("approvers", [1, 2])
    def test_a_change_of_the_call_that_was_seen_is_taken(self, ask: Any, say: Any, approvers: int) -> None:
        question = ask(approvers=approvers)
        changed = say(EVE, question, arguments=LESS, call=question.call)
        assert (changed.edited, changed.approved_by) == (LESS, ("eve",))

    def test_the_same_arguments_are_no_change_however_numbers_are_spelt(self, ask: Any, say: Any) -> None:
        question = ask()
        assert say(EVE, question, arguments={"amount": 9000.0, "order_id": "1002"}).edited is None

    def test_true_is_not_one(self, ask: Any, say: Any) -> None:
        question = ask(arguments={"flag": 1})
        assert say(EVE, question, arguments={"flag": True}).edited == {"flag": True}

    def test_a_change_restarts_the_count(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question)
        changed = say(ZOE, question, arguments=LESS)
        assert (changed.status, changed.approved_by) == ("pending", ("zoe",))
        done = say(EVE, question, call=changed.call)
        assert (done.status, done.edited, done.approved_by) == ("approved", LESS, ("zoe", "eve"))
        assert len(office.executions.woken) == 1

    def test_votes_for_the_call_as_it_was_are_shown_not_to_count(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(approvers=3)
        say(EVE, question)
        shown = approval(say(ZOE, question, arguments=LESS), office.clock())
        assert [(vote.by, vote.counts) for vote in shown.votes] == [("eve", False), ("zoe", True)]

    def test_who_changed_a_call_and_repeats_their_yes_is_told_that_they_have_approved_it(self, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question, arguments=LESS)
        assert "you have approved this call already (1 of 2)" in refused(say, EVE, question, Kind.CONFLICT)

    def test_changed_back_it_is_counted_from_there_as_well(self, ask: Any, say: Any) -> None:
        question = ask(approvers=3)
        say(EVE, question)
        say(ZOE, question, arguments=LESS)
        back = say(IDA, question, arguments=question.arguments)
        assert (back.approved_by, back.edited) == (("ida",), question.arguments)
        assert back.call == question.approval

    def test_nobody_approves_a_call_they_have_not_seen(self, office: Any, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        changed = say(EVE, question, arguments=LESS)
        assert "eve changed the arguments" in refused(say, ZOE, question, Kind.CONFLICT)
        assert "not the one you saw" in refused(say, ZOE, question, Kind.CONFLICT, call=question.approval)
        assert office.approvals.get("acme", question.approval) == changed
        assert say(ZOE, question, arguments=LESS).status == "approved"

    def test_a_change_made_before_another_s_is_known_is_refused_by_the_call_one_saw(self, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question, arguments=LESS)
        assert "not the one you saw" in refused(say, ZOE, question, Kind.CONFLICT, arguments=EVEN_LESS, call=question.call)

    def test_once_settled_another_change_comes_too_late(self, ask: Any, say: Any) -> None:
        question = ask()
        done = say(EVE, question, arguments=LESS)
        assert replace(say(EVE, question, arguments=LESS), delivered=False) == replace(done, delivered=False)
        assert "approved already" in refused(say, EVE, question, Kind.CONFLICT, arguments=EVEN_LESS)

    def test_what_no_tool_takes_is_refused(self, ask: Any, say: Any) -> None:
        question = ask()
        assert "bytes" in refused(say, EVE, question, Kind.INVALID, arguments={"reason": "x" * EDIT_BYTES})
        deep: Any = 1
        for _ in range(40):
            deep = [deep]
        assert "levels" in refused(say, EVE, question, Kind.INVALID, arguments={"reason": deep})

    def test_what_the_tool_does_not_take_is_refused_by_field_and_the_question_stays_open(self, office: Any, ask: Any, say: Any) -> None:
        office.schemas = {"issue_refund": {"type": "object", "properties": {"amount": {"type": "integer", "minimum": 1}}}}
        question = ask()
        with pytest.raises(Problem) as caught:
            say(EVE, question, arguments={"order_id": "1002", "amount": 0})
        assert caught.value.kind is Kind.INVALID
        assert [wrong.field for wrong in caught.value.errors] == ["arguments.amount"]
        assert "issue_refund does not take these arguments: arguments.amount must be bigger" in caught.value.detail
        assert office.approvals.get("acme", question.approval) == question
        assert say(EVE, question, arguments=LESS).status == "approved"

    def test_a_call_that_nobody_changed_is_left_to_the_gateway(self, office: Any, ask: Any, say: Any) -> None:
        office.schemas = {"issue_refund": {"type": "object", "properties": {"amount": {"type": "string"}}}}
        assert say(EVE, ask()).status == "approved"

    def test_changes_do_not_outgrow_the_record(self, ask: Any, say: Any) -> None:
        question = ask(approvers=2)
        say(EVE, question, arguments={"reason": "x" * 60_000})
        say(EVE, question, arguments={"reason": "y" * 60_000})
        assert "too often" in refused(say, EVE, question, Kind.CONFLICT, arguments={"reason": "z" * 60_000})
        assert say(EVE, question, status="rejected").status == "rejected"


class Busy:
    """Approvals in which somebody else is always quicker."""

    def __init__(self, approvals: Any) -> None:
        self._approvals = approvals

    def __getattr__(self, name: str) -> Any:
        return getattr(self._approvals, name)

    def decide(self, *_: Any, **__: Any) -> None:
        return None


def test_who_never_gets_to_write_is_told_so(office: Any, ask: Any, say: Any) -> None:
    question = ask()
    office.approvals = Busy(office.approvals)
    assert "others are deciding" in refused(say, EVE, question, Kind.CONFLICT)
