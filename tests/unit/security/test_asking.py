"""What the gateway writes of a question, and with which arguments a call is made once people have decided."""

from copy import replace
from dataclasses import dataclass, field
from typing import Any

import pytest

from septet.core.entries import ApprovalAsked, ApprovalEdited, ApprovalGiven, ToolCall, ToolResult
from septet.core.journal import Branch
from septet.local.approvals import MemoryApprovals
from septet.security.approvals import Approval, Vote, with_vote
from septet.security.asking import Asked, Asker, Occasion
from septet.security.labels import Label
from septet.security.manifests import Asking, Manifest
from septet.security.monitor import Decision
from septet.security.showing import EVIDENCE_BYTES, FIELD_BYTES, shown

REFUND = Manifest(name="issue_refund", effect="financial", repeat="keyed", identity=("order_id", "amount_cents"))
FETCH = Manifest(name="fetch", effect="egress-read", repeat="none")
CALL = ToolCall(id="call-1", tool="issue_refund", arguments={"order_id": "A-1", "amount_cents": 20_000})
HERE = Occasion(branch=Branch(tenant="acme", run="run-1"), turn="refunds", agent="refunds", attended=True, asked=0)
ASK = Decision(
    outcome="ask",
    reasons=("amount_cents is above 10000",),
    evidence=({"name": "order A-1", "value": {"refundable_cents": 50_000}, "source": "find_order, entry 1"},),
    labels={"order_id": Label.ANCHORED, "amount_cents": Label.UNKNOWN},
)


@dataclass
class Desk:
    """An asker at work, whose monitor says of changed arguments what it is told to say."""

    approvals: MemoryApprovals = field(default_factory=MemoryApprovals)
    now: int = 1_000
    says: Any = ASK
    judged: list[Any] = field(default_factory=list)

    def ask(self, call: ToolCall = CALL, *, manifest: Manifest = REFUND, occasion: Occasion = HERE, decision: Decision = ASK) -> Asked:
        def judge(arguments: Any) -> Decision:
            self.judged.append(arguments)
            decision: Decision = self.says
            return decision

        return Asker(approvals=self.approvals, clock=lambda: self.now).ask(call, manifest, decision, occasion, judge=judge)

    def question(self, status: str = "pending") -> Approval:
        (found,) = self.approvals.listed("acme", status=status)
        return found

    def approve(self, *votes: Vote) -> None:
        before = self.question()
        for vote in votes or (Vote(by="eve", at=self.now, reason="as agreed"),):
            before = with_vote(before, vote)
            status, by, reason = before.status, before.decided_by, before.reason
            key = before.tenant, before.approval
            written = self.approvals.decide(*key, status=status, by=by, reason=reason, at=self.now, votes=before.votes)
            assert written is not None
            before = written

    def reject(self) -> None:
        one = self.question()
        assert self.approvals.decide("acme", one.approval, status="rejected", by="eve", reason="worn", at=self.now)


def refusal(asked: Asked) -> ToolResult:
    last = asked.bodies[-1]
    assert asked.arguments is None
    assert isinstance(last, ToolResult)
    return last


@pytest.fixture
def desk() -> Desk:
    return Desk()


class TestAsking:
    def test_a_question_is_stored_with_who_may_decide_and_told_to_the_journal_once(self, desk: Desk) -> None:
        asking = Asking(seconds=600, roles=("operator",), approvers=2, escalate_after=60, escalate_to=("auditor",))
        asked = desk.ask(manifest=replace(REFUND, approval=asking))
        one = desk.question()
        assert (one.roles, one.approvers, one.escalates_at, one.escalate_to) == (("operator",), 2, 61_000, ("auditor",))
        assert (one.expires_at, one.evidence, one.arguments) == (601_000, ASK.evidence, CALL.arguments)
        assert one.labels == {"order_id": "anchored", "amount_cents": "unknown"}
        (body,) = asked.bodies
        assert isinstance(body, ApprovalAsked)
        assert (body.approval, asked.arguments) == (one.approval, None)
        assert desk.ask(manifest=replace(REFUND, approval=asking), occasion=replace(HERE, asked=one.expires_at)).bodies == ()

    def test_a_question_says_on_whose_behalf_and_in_which_workflow(self, desk: Desk) -> None:
        desk.ask(occasion=replace(HERE, submitter="customer-17", workflow="support"))
        assert (desk.question().submitter, desk.question().workflow) == ("customer-17", "support")

    def test_without_escalation_there_is_no_time_for_it(self, desk: Desk) -> None:
        desk.ask()
        assert desk.question().escalates_at is None

    def test_where_nobody_attends_a_question_is_a_denial_that_says_so_and_nobody_is_asked(self, desk: Desk) -> None:
        denied = refusal(desk.ask(occasion=replace(HERE, attended=False)))
        assert denied.error == "PolicyDenied"
        assert "nobody attends" in denied.message
        assert "amount_cents is above 10000" in denied.message
        assert desk.approvals.listed("acme") == []

    def test_what_is_rejected_is_refused_with_the_person_s_reason(self, desk: Desk) -> None:
        desk.ask()
        desk.reject()
        asked = desk.ask()
        assert isinstance(asked.bodies[0], ApprovalGiven)
        assert (asked.bodies[0].decision, asked.bodies[0].by) == ("rejected", "eve")
        assert refusal(asked).message == "rejected: worn"

    def test_after_its_time_a_question_is_expired_also_with_some_of_the_votes(self, desk: Desk) -> None:
        two = replace(REFUND, approval=Asking(seconds=60, approvers=2))
        desk.ask(manifest=two)
        desk.approve(Vote(by="eve", at=1_001))
        desk.now = 61_000
        assert refusal(desk.ask(manifest=two)).error == "ApprovalExpired"
        assert desk.question("expired").approved_by == ("eve",)


class TestAnotherAttempt:
    """The run ended after a question that nobody answered in time, and was restarted."""

    @pytest.mark.parametrize("noticed", [True, False])
    def test_a_question_that_expired_is_asked_anew_and_good_for_the_call(self, desk: Desk, *, noticed: bool) -> None:
        desk.ask()
        before = desk.question()
        desk.now = before.expires_at
        if noticed:
            assert refusal(desk.ask()).error == "ApprovalExpired"
            desk.now += 1
        (body,) = desk.ask(occasion=replace(HERE, attempt=1, asked=before.expires_at)).bodies
        anew = desk.question()
        assert isinstance(body, ApprovalAsked)
        assert (body.approval, body.expires_at) == (before.approval, anew.expires_at)
        assert anew.expires_at - before.expires_at == desk.now - before.asked_at
        desk.approve()
        assert desk.ask(occasion=replace(HERE, attempt=1, asked=anew.expires_at)).arguments == CALL.arguments

    def test_within_an_attempt_it_stays_expired(self, desk: Desk) -> None:
        again = replace(HERE, attempt=1)
        desk.ask(occasion=again)
        desk.now = desk.question().expires_at
        assert refusal(desk.ask(occasion=again)).error == "ApprovalExpired"
        assert refusal(desk.ask(occasion=again)).error == "ApprovalExpired"

    def test_an_older_attempt_s_worker_asks_nobody(self, desk: Desk) -> None:
        desk.ask(occasion=replace(HERE, attempt=2))
        desk.now = desk.question().expires_at
        assert refusal(desk.ask(occasion=replace(HERE, attempt=1))).error == "ApprovalExpired"

    def test_what_was_rejected_stays_rejected(self, desk: Desk) -> None:
        desk.ask()
        desk.reject()
        assert refusal(desk.ask(occasion=replace(HERE, attempt=1))).message == "rejected: worn"


class TestApproved:
    def test_a_call_is_made_as_it_was_asked_and_the_intent_names_who_approved(self, desk: Desk) -> None:
        desk.ask()
        desk.approve()
        asked = desk.ask()
        assert asked.arguments == CALL.arguments
        assert asked.reasons == ("approved by eve (asked because: amount_cents is above 10000)",)
        assert [type(body) for body in asked.bodies] == [ApprovalGiven]
        assert desk.judged == []

    def test_one_of_two_approvers_is_not_enough(self, desk: Desk) -> None:
        two = replace(REFUND, approval=Asking(approvers=2))
        desk.ask(manifest=two)
        desk.approve(Vote(by="eve", at=1))
        assert desk.ask(manifest=two).arguments is None
        desk.approve(Vote(by="zoe", at=2, reason="fine"))
        asked = desk.ask(manifest=two)
        assert asked.arguments == CALL.arguments
        given = asked.bodies[0]
        assert isinstance(given, ApprovalGiven)
        assert (given.by, given.reason) == ("eve, zoe", "fine")

    def test_a_record_from_before_there_were_votes_is_of_who_decided(self, desk: Desk) -> None:
        desk.ask()
        desk.approvals.decide("acme", desk.question().approval, status="approved", by="boss", reason="", at=1_001)
        assert desk.ask().reasons[-1].startswith("approved by boss (")


class TestUse:
    def test_the_use_is_written_before_the_call_is_made(self, desk: Desk) -> None:
        desk.ask()
        desk.approve()
        desk.now = 5_000
        desk.ask()
        one = desk.question("approved")
        assert one.used_at == 5_000
        assert one.used_for

    def test_whoever_goes_on_with_the_same_effect_uses_the_same_approval(self, desk: Desk) -> None:
        desk.ask()
        desk.approve()
        desk.ask()
        desk.now = 9_000
        again = desk.ask(replace(CALL, id="call-7"), occasion=replace(HERE, turn="fallback", agent="fallback"))
        assert again.arguments == CALL.arguments
        assert desk.question("approved").used_at == 1_000

    def test_an_approved_read_is_made_once(self, desk: Desk) -> None:
        read = ToolCall(id="call-1", tool="fetch", arguments={"url": "https://example.org"})
        desk.ask(read, manifest=FETCH)
        desk.approve()
        assert desk.ask(read, manifest=FETCH).arguments == read.arguments
        assert desk.ask(read, manifest=FETCH).arguments == read.arguments  # the same call: whoever asked was gone before the intent
        again = refusal(desk.ask(replace(read, id="call-2"), manifest=FETCH))
        assert again.error == "PolicyDenied"
        assert "used up" in again.message
        assert refusal(desk.ask(read, manifest=FETCH, occasion=replace(HERE, turn="later"))).error == "PolicyDenied"

    def test_another_runs_and_another_tenants_approval_is_none_here(self, desk: Desk) -> None:
        desk.ask()
        desk.approve()
        for branch in (Branch(tenant="acme", run="run-2"), Branch(tenant="other", run="run-1")):
            asked = desk.ask(occasion=replace(HERE, branch=branch))
            assert isinstance(asked.bodies[0], ApprovalAsked)
            assert asked.arguments is None


LESS = {"order_id": "A-1", "amount_cents": 9_000}


class TestEdited:
    def edited(self, desk: Desk, says: Decision) -> Asked:
        desk.ask()
        desk.approve(Vote(by="eve", at=1_001, arguments=LESS))
        desk.says = says
        return desk.ask()

    @pytest.mark.parametrize(
        ("outcome", "reasons"),
        [
            ("allow", ("of its own", "changed by eve", "approved by eve (asked because: amount_cents is above 10000)")),
            ("ask", ("changed by eve", "approved by eve (asked because: of its own)")),
        ],
    )
    def test_it_is_decided_afresh_and_made_as_it_was_changed(self, desk: Desk, outcome: Any, reasons: Any) -> None:
        asked = self.edited(desk, Decision(outcome=outcome, reasons=("of its own",)))
        assert desk.judged == [LESS]
        assert asked.arguments == LESS
        assert asked.reasons == reasons
        edit, given = asked.bodies
        assert isinstance(edit, ApprovalEdited)
        assert isinstance(given, ApprovalGiven)
        assert (edit.arguments, edit.by) == (LESS, "eve")

    def test_what_the_monitor_denies_stays_denied_and_is_no_use_of_the_approval(self, desk: Desk) -> None:
        denied = refusal(self.edited(desk, Decision(outcome="deny", reasons=("amount_cents must be above 0",))))
        assert denied.error == "PolicyDenied"
        assert denied.message == "as eve changed it: amount_cents must be above 0"
        assert desk.question("approved").used_at is None
        assert desk.question("approved").refused == "denied: as eve changed it: amount_cents must be above 0"

    def test_both_calls_stay_on_the_record_and_are_different_calls(self, desk: Desk) -> None:
        self.edited(desk, ASK)
        one = desk.question("approved")
        assert (one.arguments, one.edited) == (CALL.arguments, LESS)
        assert one.call != one.approval

    def test_the_same_call_again_is_told_the_changed_effect_and_makes_no_other(self, desk: Desk) -> None:
        self.edited(desk, ASK)
        assert desk.ask(replace(CALL, id="call-9")).arguments == LESS


class TestEvidence:
    def test_short_values_are_shown_as_they_are(self) -> None:
        found = [{"name": "to", "value": "a@b.example", "source": "external, entry 3"}, {"name": "n", "value": 7, "source": "record"}]
        assert shown(found) == tuple(found)

    @pytest.mark.parametrize("value", ["ä" * 2_000, ["x" * 3_000], {"text": "y" * 3_000}])
    def test_a_long_value_is_shown_by_its_beginning_and_says_so(self, value: Any) -> None:
        (seen,) = shown([{"name": "content", "value": value, "source": "external"}])
        told = seen["value"]["text"] if isinstance(value, dict) else seen["value"]
        assert "(shortened: " in told
        assert len(told.encode()) < FIELD_BYTES + 100

    def test_no_question_outgrows_its_item_and_what_is_left_out_is_said(self) -> None:
        seen = shown([{"name": f"n{place}", "value": "x" * 2_000, "source": "s"} for place in range(100)])
        assert len(repr(seen)) < EVIDENCE_BYTES + 1_000
        assert seen[-1]["name"] == "more"
