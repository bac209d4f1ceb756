from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from septet.integration import approving
from septet.integration.forking import Wanted, fork
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem
from septet.integration.voting import Decision
from septet.security.approvals import Vote
from septet.security.delivery import redeliver

ANN = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter"}))
EVE = Principal(tenant="acme", subject="eve", roles=frozenset({"approver"}))
ZOE = Principal(tenant="acme", subject="zoe", roles=frozenset({"admin"}))


def yes(approval: Any, reason: str = "fine") -> Decision:
    return Decision(approval=approval.approval, status="approved", reason=reason)


def no(approval: Any) -> Decision:
    return Decision(approval=approval.approval, status="rejected", reason="no")


def refusal(decision: Decision, who: Principal, office: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        approving.decide(decision, who, office.ports)
    return caught.value


@pytest.mark.parametrize("who", [EVE, ZOE])
@pytest.mark.parametrize(("decide", "status"), [(yes, "approved"), (no, "rejected")])
def test_a_decision_is_written_and_the_execution_told(office: Any, who: Any, decide: Any, status: str) -> None:
    question = office.ask(office.start(ANN))
    found = approving.decide(decide(question), who, office.ports)
    assert (found.status, found.decided_by, found.decided_at) == (status, who.subject, office.clock())
    assert office.approvals.get("acme", question.approval).status == status
    assert office.executions.woken == {"token-1": {"approval": question.approval, "status": status}}
    assert [*office.approvals.undelivered()] == []


@pytest.mark.parametrize("roles", [(), ("submitter",), ("operator",), ("auditor",), ("submitter", "operator", "auditor")])
def test_who_may_not_decide_is_told_which_roles_may(office: Any, roles: tuple[str, ...]) -> None:
    question = office.ask(office.start(ANN))
    problem = refusal(yes(question), Principal(tenant="acme", subject="max", roles=frozenset(roles)), office)
    assert problem.kind is Kind.FORBIDDEN
    assert "admin, approver" in problem.detail
    assert office.approvals.get("acme", question.approval).status == "pending"


def test_a_submitter_is_told_who_decides_on_this_question(office: Any) -> None:
    question = office.ask(office.start(ANN))
    office.approvals._approvals["acme", question.approval] = replace(question, roles=("operator",))
    assert refusal(yes(question), ANN, office).detail.endswith("one of the roles: admin, operator")


@pytest.mark.parametrize("role", ["approver", "admin"])
def test_nobody_approves_what_they_submitted(office: Any, role: str) -> None:
    both = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter", role}))
    question = office.ask(office.start(both))
    assert refusal(yes(question), both, office).kind is Kind.FORBIDDEN
    assert office.approvals.get("acme", question.approval).status == "pending"


def test_nobody_approves_what_they_forked_and_another_does(office: Any) -> None:
    run = office.start(ANN)
    eve, bob = (Principal(tenant="acme", subject=name, roles=frozenset({"operator", "approver"})) for name in ("eve", "bob"))
    question = office.ask(fork(run, Wanted(at=0, input={"message": "refund all to eve"}), eve, office.ports).run)
    refused = refusal(yes(question), eve, office)
    assert (refused.kind, refused.detail.partition(":")[0]) == (Kind.FORBIDDEN, "you forked this run")
    assert refusal(yes(question), Principal(tenant="acme", subject="ann", roles=eve.roles), office).kind is Kind.FORBIDDEN
    assert approving.decide(yes(question), bob, office.ports).status == "approved"


def test_one_may_reject_what_one_submitted(office: Any) -> None:
    both = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter", "approver"}))
    question = office.ask(office.start(both))
    assert approving.decide(no(question), both, office.ports).status == "rejected"


def test_the_same_decision_by_the_same_person_again_is_the_same(office: Any) -> None:
    question = office.ask(office.start(ANN))
    first = approving.decide(yes(question), EVE, office.ports)
    office.clock.now += 1000
    again = approving.decide(yes(question, reason="worded otherwise"), EVE, office.ports)
    assert replace(again, delivered=False) == first
    assert len(office.executions.woken) == 1


@pytest.mark.parametrize(("decide", "who"), [(no, EVE), (yes, ZOE), (no, ZOE)])
def test_another_decision_or_another_person_comes_too_late(office: Any, decide: Any, who: Any) -> None:
    question = office.ask(office.start(ANN))
    approving.decide(yes(question), EVE, office.ports)
    problem = refusal(decide(question), who, office)
    assert problem.kind is Kind.CONFLICT
    assert "approved already" in problem.detail
    assert office.approvals.get("acme", question.approval).decided_by == "eve"


@pytest.mark.parametrize("written", [False, True])
def test_after_its_time_nobody_decides(office: Any, *, written: bool) -> None:
    question = office.ask(office.start(ANN), seconds=10)
    office.clock.now += 10_000
    if written:
        office.approvals.decide("acme", question.approval, status="expired", by="", reason="", at=office.clock())
    problem = refusal(yes(question), EVE, office)
    assert problem.kind is Kind.CONFLICT
    assert "expired" in problem.detail
    assert office.executions.woken == {}


def test_the_last_millisecond_counts(office: Any) -> None:
    question = office.ask(office.start(ANN), seconds=10)
    office.clock.now += 9_999
    assert approving.decide(yes(question), EVE, office.ports).status == "approved"


def test_a_run_that_ended_leaves_nothing_to_decide(office: Any) -> None:
    run = office.start(ANN)
    question = office.ask(run)
    office.runs.close("acme", run, status="stopped", ended_at=1)
    problem = refusal(yes(question), EVE, office)
    assert problem.kind is Kind.CONFLICT
    assert "stopped" in problem.detail


@pytest.mark.parametrize("who", [EVE, Principal(tenant="other", subject="eve", roles=frozenset({"admin"}))])
def test_an_approval_that_is_not_there_is_not_found(office: Any, who: Any) -> None:
    question = office.ask(office.start(ANN))
    wanted = yes(question) if who.tenant == "other" else Decision(approval="apr-" + "0" * 32, status="approved")
    assert refusal(wanted, who, office).kind is Kind.NOT_FOUND
    assert office.approvals.get("acme", question.approval).status == "pending"


class Late:
    """Approvals in which somebody else decides just before we do."""

    def __init__(self, approvals: Any, first: str) -> None:
        self._approvals, self._first = approvals, first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._approvals, name)

    def decide(self, tenant: str, approval: str, **rest: Any) -> Any:
        self._approvals.decide(tenant, approval, **{**rest, "by": self._first, "votes": (Vote(by=self._first, at=1),)})
        return self._approvals.decide(tenant, approval, **rest)


@pytest.mark.parametrize("first", ["eve", "zoe"])
def test_of_two_who_decide_at_once_the_first_written_stands(office: Any, first: str) -> None:
    question = office.ask(office.start(ANN))
    office.approvals = Late(office.approvals, first)
    if first == "eve":
        assert approving.decide(yes(question), EVE, office.ports).decided_by == "eve"
    else:
        assert refusal(yes(question), EVE, office).kind is Kind.CONFLICT
    assert office.approvals.get("acme", question.approval).decided_by == first


class Unreachable:
    """Step Functions, not to be woken."""

    def wake(self, *_: Any) -> bool:
        raise OSError("secret words")


def test_a_decision_that_cannot_be_delivered_stands_and_is_delivered_later(office: Any, caplog: pytest.LogCaptureFixture) -> None:
    question = office.ask(office.start(ANN))
    reachable, office.executions = office.executions, Unreachable()
    assert approving.decide(yes(question), EVE, office.ports).status == "approved"
    assert "OSError" in caplog.text
    assert "secret" not in caplog.text
    assert redeliver(office.approvals, reachable, office.clock) == 1
    assert reachable.woken["token-1"]["status"] == "approved"


def test_repeating_a_decision_delivers_what_was_not_delivered(office: Any) -> None:
    question = office.ask(office.start(ANN))
    reachable, office.executions = office.executions, Unreachable()
    approving.decide(yes(question), EVE, office.ports)
    office.executions = reachable
    approving.decide(yes(question), EVE, office.ports)
    assert "token-1" in reachable.woken


def test_a_decision_before_anybody_waits_is_kept_for_them(office: Any) -> None:
    question = office.ask(office.start(ANN), token="")
    assert approving.decide(yes(question), EVE, office.ports).status == "approved"
    assert office.executions.woken == {}
    assert len([*office.approvals.undelivered()]) == 1


def test_a_submitter_sees_the_questions_of_their_own_runs_only(office: Any) -> None:
    bob = Principal(tenant="acme", subject="bob", roles=frozenset({"submitter"}))
    mine, theirs = office.ask(office.start(ANN)), office.ask(office.start(bob))

    def ids(who: Principal) -> set[str]:
        return {item.approval for item in approving.listed(who, office.ports, limit=10)}

    assert ids(ANN) == {mine.approval}
    assert ids(EVE) == {mine.approval, theirs.approval}
    assert approving.found(mine.approval, ANN, office.ports) == mine
    for who in (ANN, Principal(tenant="other", subject="ann", roles=frozenset({"admin"}))):
        with pytest.raises(Problem) as caught:
            approving.found(theirs.approval, who, office.ports)
        assert caught.value.kind is Kind.NOT_FOUND
    with pytest.raises(Problem) as caught:
        ids(Principal(tenant="acme", subject="ann", roles=frozenset()))
    assert caught.value.kind is Kind.FORBIDDEN


def test_a_list_is_by_the_status_a_person_is_shown_and_bounded(office: Any) -> None:
    late = office.ask(office.start(ANN), seconds=10)
    office.clock.now += 10_000
    pending, decided = office.ask(office.start(ANN)), office.ask(office.start(ANN))
    approving.decide(yes(decided), EVE, office.ports)

    def ids(status: str | None, limit: int = 10) -> list[str]:
        return [item.approval for item in approving.listed(EVE, office.ports, status=status, limit=limit)]

    assert ids("expired") == [late.approval]
    assert ids("pending") == [pending.approval]
    assert ids("approved") == [decided.approval]
    assert ids("rejected") == []
    assert ids(None) == [decided.approval, pending.approval, late.approval]
    assert ids(None, limit=2) == [decided.approval, pending.approval]
