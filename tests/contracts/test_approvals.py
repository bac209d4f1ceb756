from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.security.approvals import Approval, Approvals, Status, Vote, with_vote
from tests.contracts.conftest import Storage


@pytest.fixture
def approvals(storage: Storage) -> Approvals:
    return storage.approvals


@pytest.fixture
def question(tenant: str) -> Approval:
    return Approval(
        tenant=tenant,
        approval="apr-1",
        run="run-1",
        turn="refunds",
        tool="issue_refund",
        arguments={"order_id": "A-1", "amount_cents": 20_000, "reason": "Grüße", "none": None, "rate": 1.5},
        asked_by="refunds",
        asked_at=10,
        expires_at=100,
        reasons=("amount_cents is above 10000",),
        labels={"order_id": "anchored", "amount_cents": "unknown"},
        evidence=({"name": "order A-1", "value": {"refundable_cents": 50_000}, "source": "find_order, entry 4"},),
    )


def decide(approvals: Approvals, question: Approval, status: Status = "approved", *, at: int = 50, by: str = "boss") -> Approval | None:
    return approvals.decide(question.tenant, question.approval, status=status, by=by, reason="as agreed", at=at)


def outbox(approvals: Approvals, tenant: str) -> list[str]:
    return [item.approval for item in approvals.undelivered() if item.tenant == tenant]


class TestAsking:
    def test_a_question_comes_back_as_it_was_asked(self, approvals: Approvals, question: Approval) -> None:
        assert approvals.ask(question) == question
        assert approvals.get(question.tenant, "apr-1") == question

    def test_it_is_asked_once(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        assert approvals.ask(replace(question, asked_at=20, expires_at=900, asked_by="fallback")) == question
        decided = decide(approvals, question)
        assert approvals.ask(replace(question, asked_at=30)) == decided

    def test_one_that_expired_is_asked_anew_in_a_later_attempt_only(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        later = replace(question, attempt=1, asked_at=200, expires_at=900)
        assert approvals.ask(later) == question, "it is open"
        expired = decide(approvals, question, "expired", at=100, by="")
        assert approvals.ask(replace(later, attempt=0)) == expired
        assert approvals.ask(later) == later
        assert approvals.ask(replace(later, attempt=2)) == later
        assert decide(approvals, question, at=899) is not None
        approved = approvals.get(question.tenant, question.approval)
        assert approvals.ask(replace(later, attempt=2)) == approved

    def test_an_unknown_one_and_another_tenant_s_are_none(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        assert approvals.get(question.tenant, "apr-2") is None
        assert approvals.get(f"{question.tenant}-2", "apr-1") is None
        assert decide(approvals, replace(question, approval="apr-2")) is None
        assert decide(approvals, replace(question, tenant=f"{question.tenant}-2")) is None

    def test_a_tenant_s_questions_are_listed_newest_first(self, approvals: Approvals, question: Approval) -> None:
        for place, at in enumerate((30, 10, 20)):
            approvals.ask(replace(question, approval=f"apr-{place}", asked_at=at))
        approvals.ask(replace(question, tenant=f"{question.tenant}-2"))
        decide(approvals, replace(question, approval="apr-1"))
        assert [item.approval for item in approvals.listed(question.tenant)] == ["apr-0", "apr-2", "apr-1"]
        assert [item.approval for item in approvals.listed(question.tenant, status="pending")] == ["apr-0", "apr-2"]
        assert [item.approval for item in approvals.listed(question.tenant, status="approved")] == ["apr-1"]
        assert approvals.listed(f"{question.tenant}-3") == []


class TestDeciding:
    @pytest.mark.parametrize("status", ["approved", "rejected"])
    def test_a_decision_says_who_when_and_why(self, approvals: Approvals, question: Approval, status: Status) -> None:
        approvals.ask(question)
        expected = replace(question, status=status, decided_by="boss", decided_at=50, reason="as agreed")
        assert decide(approvals, question, status) == expected
        assert approvals.get(question.tenant, "apr-1") == expected

    @pytest.mark.parametrize("first", ["approved", "rejected", "expired"])
    @pytest.mark.parametrize("second", ["approved", "rejected", "expired"])
    def test_the_first_stands(self, approvals: Approvals, question: Approval, first: Status, second: Status) -> None:
        approvals.ask(question)
        standing = decide(approvals, question, first)
        assert decide(approvals, question, second, by="somebody else") is None
        assert approvals.get(question.tenant, "apr-1") == standing

    @pytest.mark.parametrize(("at", "counts"), [(99, True), (100, False), (101, False)])
    def test_a_person_has_until_it_expires(self, approvals: Approvals, question: Approval, at: int, *, counts: bool) -> None:
        approvals.ask(question)
        assert (decide(approvals, question, at=at) is not None) == counts

    def test_an_expiry_can_be_written_when_its_time_has_come(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        expired = decide(approvals, question, "expired", at=100, by="")
        assert expired is not None
        assert expired.status == "expired"

    def test_of_an_approval_and_a_rejection_at_once_one_wins(self, approvals: Approvals, question: Approval) -> None:
        for place in range(10):
            one = approvals.ask(replace(question, approval=f"race-{place}"))
            together = Barrier(4)

            def race(status: Any, one: Approval = one, together: Barrier = together) -> Approval | None:
                together.wait()
                return decide(approvals, one, status, by=f"who said {status}")

            with ThreadPoolExecutor(4) as pool:
                won = [end for end in pool.map(race, ("approved", "rejected", "approved", "expired")) if end]
            assert len(won) == 1
            assert approvals.get(question.tenant, one.approval) == won[0]


EVE, ZOE = Vote(by="eve", at=20, reason="as agreed"), Vote(by="zoe", at=30, arguments={"order_id": "A-1", "amount_cents": 1})


def add(approvals: Approvals, standing: Approval, vote: Vote) -> Approval | None:
    after = with_vote(standing, vote)
    key = standing.tenant, standing.approval
    return approvals.decide(*key, status=after.status, by=vote.by, reason=vote.reason, at=vote.at, votes=after.votes)


class TestVotes:
    @pytest.fixture
    def asked(self, approvals: Approvals, question: Approval) -> Approval:
        return approvals.ask(replace(question, approvers=2))

    def test_a_yes_that_is_not_enough_is_kept_and_decides_nothing(self, approvals: Approvals, asked: Approval) -> None:
        assert add(approvals, asked, EVE) == replace(asked, votes=(EVE,))
        assert approvals.get(asked.tenant, "apr-1") == replace(asked, votes=(EVE,))
        assert outbox(approvals, asked.tenant) == []

    def test_the_last_that_is_needed_decides_and_has_to_be_told(self, approvals: Approvals, asked: Approval) -> None:
        first = add(approvals, asked, ZOE)
        assert first
        same = replace(EVE, at=40)
        decided = replace(first, votes=(ZOE, same), status="approved", decided_by="eve", decided_at=40, reason="as agreed")
        assert add(approvals, first, same) == decided
        assert approvals.get(asked.tenant, "apr-1") == decided
        assert decided.edited == {"order_id": "A-1", "amount_cents": 1}
        assert outbox(approvals, asked.tenant) == ["apr-1"]

    def test_a_yes_that_did_not_know_of_another_is_not_written(self, approvals: Approvals, asked: Approval) -> None:
        first = add(approvals, asked, EVE)
        assert add(approvals, asked, ZOE) is None
        assert approvals.get(asked.tenant, "apr-1") == first

    def test_one_rejection_rejects_whatever_was_said_before(self, approvals: Approvals, asked: Approval) -> None:
        add(approvals, asked, EVE)
        rejected = decide(approvals, asked, "rejected")
        assert rejected
        assert (rejected.status, rejected.votes) == ("rejected", (EVE,))
        assert add(approvals, rejected, ZOE) is None

    def test_after_its_time_a_yes_is_not_written(self, approvals: Approvals, asked: Approval) -> None:
        assert add(approvals, asked, replace(EVE, at=100)) is None
        assert approvals.get(asked.tenant, "apr-1") == asked

    def test_many_at_once_lose_no_vote_and_count_none_twice(self, approvals: Approvals, question: Approval) -> None:
        asked = approvals.ask(replace(question, approvers=6))
        people, together = [f"p-{place}" for place in range(8)], Barrier(8)

        def vote(name: str) -> bool:
            together.wait()
            while (standing := approvals.get(asked.tenant, "apr-1")) and standing.status == "pending":
                if add(approvals, standing, Vote(by=name, at=50)):
                    return True
            return False

        with ThreadPoolExecutor(8) as pool:
            counted = [name for name, done in zip(people, pool.map(vote, people), strict=True) if done]
        end = approvals.get(asked.tenant, "apr-1")
        assert end
        assert len(counted) == 6
        assert sorted(vote.by for vote in end.votes) == counted
        assert (end.status, end.decided_by) == ("approved", end.votes[-1].by)


class TestUse:
    def test_what_was_not_approved_cannot_be_used(self, approvals: Approvals, question: Approval) -> None:
        assert approvals.use(question.tenant, "apr-1", use="effect-1", at=60) is None
        approvals.ask(question)
        assert approvals.use(question.tenant, "apr-1", use="effect-1", at=60) is None
        decide(approvals, question, "rejected")
        assert approvals.use(question.tenant, "apr-1", use="effect-1", at=60) is None
        assert approvals.get(question.tenant, "apr-1") == replace(
            question, status="rejected", decided_by="boss", decided_at=50, reason="as agreed"
        )

    def test_it_is_used_for_one_thing_and_the_first_time_stands(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        decided = decide(approvals, question)
        assert decided
        used = replace(decided, used_at=60, used_for="effect-1")
        assert approvals.use(question.tenant, "apr-1", use="effect-1", at=60) == used
        assert approvals.use(question.tenant, "apr-1", use="effect-1", at=70) == used
        assert approvals.use(question.tenant, "apr-1", use="effect-2", at=70) is None
        assert approvals.use(f"{question.tenant}-2", "apr-1", use="effect-1", at=70) is None
        assert approvals.get(question.tenant, "apr-1") == used

    def test_why_an_approved_call_is_not_made_is_noted_unless_it_was_made(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        approvals.refuse(question.tenant, "apr-1", why="denied: too early")
        assert approvals.get(question.tenant, "apr-1") == question
        decided = decide(approvals, question)
        assert decided
        approvals.refuse(question.tenant, "apr-1", why="denied: stale")
        approvals.refuse(f"{question.tenant}-2", "apr-1", why="denied: another's")
        assert approvals.get(question.tenant, "apr-1") == replace(decided, refused="denied: stale")
        approvals.use(question.tenant, "apr-1", use="effect-1", at=60)
        approvals.refuse(question.tenant, "apr-1", why="denied: too late")
        assert approvals.get(question.tenant, "apr-1") == replace(decided, refused="denied: stale", used_at=60, used_for="effect-1")

    def test_of_several_uses_at_once_one_wins(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        decide(approvals, question)
        together = Barrier(6)

        def use(place: int) -> bool:
            together.wait()
            return approvals.use(question.tenant, "apr-1", use=f"effect-{place}", at=60) is not None

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(use, range(6))) == 1


class TestWaiting:
    def waiting(self, approvals: Approvals, tenant: str, now: int) -> list[str]:
        return [item.approval for item in approvals.waiting(now) if item.tenant == tenant]

    def test_pending_questions_come_up_until_they_expire_the_next_to_expire_first(self, approvals: Approvals, question: Approval) -> None:
        for place, at in enumerate((30, 9, 40)):
            approvals.ask(replace(question, approval=f"apr-{place}", expires_at=at))
        assert self.waiting(approvals, question.tenant, 8) == ["apr-1", "apr-0", "apr-2"]
        assert self.waiting(approvals, question.tenant, 9) == ["apr-0", "apr-2"]
        assert self.waiting(approvals, question.tenant, 40) == []

    @pytest.mark.parametrize("status", ["approved", "rejected", "expired"])
    def test_what_is_decided_does_not_come_up_and_what_is_asked_again_does(
        self, approvals: Approvals, question: Approval, status: Status
    ) -> None:
        approvals.ask(replace(question, expires_at=50))
        approvals.decide(question.tenant, question.approval, status=status, by="ada", reason="", at=10)
        assert self.waiting(approvals, question.tenant, 10) == []
        approvals.ask(replace(question, expires_at=50, attempt=question.attempt + 1))
        again = [question.approval] if status == "expired" else []
        assert self.waiting(approvals, question.tenant, 10) == again

    def test_a_vote_decides_nothing_yet(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(replace(question, expires_at=50))
        vote = Vote(by="ada", at=10, reason="")
        assert approvals.decide(question.tenant, question.approval, status="pending", by="ada", reason="", at=10, votes=(vote,))
        (one,) = (item for item in approvals.waiting(10) if item.tenant == question.tenant)
        assert one == approvals.get(question.tenant, question.approval)

    @pytest.mark.parametrize("write", ["wait", "escalate"])
    def test_it_comes_up_once_whatever_else_is_noted_and_not_after_its_decision(
        self, approvals: Approvals, question: Approval, write: str
    ) -> None:
        def note() -> None:
            if write == "wait":
                approvals.wait(question.tenant, question.approval, "token")
            else:
                approvals.escalate(question.tenant, question.approval)

        approvals.ask(replace(question, escalates_at=20))
        note()
        assert self.waiting(approvals, question.tenant, 10) == [question.approval]
        decide(approvals, question)
        note()
        assert self.waiting(approvals, question.tenant, 10) == []
        noted = approvals.get(question.tenant, question.approval)
        assert noted
        assert (noted.token, noted.escalated) == (("token", False) if write == "wait" else ("", True))


class TestEscalation:
    def due(self, approvals: Approvals, tenant: str, now: int) -> list[str]:
        return [item.approval for item in approvals.escalating(now) if item.tenant == tenant]

    def test_overdue_questions_come_up_longest_first_until_operators_were_told(self, approvals: Approvals, question: Approval) -> None:
        for place, at in enumerate((30, 9, 40)):
            approvals.ask(replace(question, approval=f"apr-{place}", escalates_at=at, escalate_to=("auditor",)))
        assert self.due(approvals, question.tenant, 8) == []
        assert self.due(approvals, question.tenant, 30) == ["apr-1", "apr-0"]
        approvals.escalate(question.tenant, "apr-1")
        assert self.due(approvals, question.tenant, 40) == ["apr-0", "apr-2"]
        told = approvals.get(question.tenant, "apr-1")
        assert told
        assert told.escalated
        assert told.status == "pending"

    def test_what_is_decided_or_never_escalates_does_not_come_up(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        for place, status in enumerate(("approved", "rejected", "expired"), start=2):
            one = approvals.ask(replace(question, approval=f"apr-{place}", escalates_at=20, escalate_to=("auditor",)))
            decide(approvals, one, status)  # type: ignore[arg-type]  # statuses, each
        assert self.due(approvals, question.tenant, 1_000) == []

    def test_a_yes_that_is_not_enough_leaves_it_overdue(self, approvals: Approvals, question: Approval) -> None:
        one = approvals.ask(replace(question, approvers=2, escalates_at=20, escalate_to=("auditor",)))
        add(approvals, one, EVE)
        assert self.due(approvals, question.tenant, 20) == ["apr-1"]


class TestOutbox:
    @pytest.mark.parametrize(("status", "told"), [("approved", True), ("rejected", True), ("expired", False)])
    def test_a_person_s_decision_has_to_be_told(self, approvals: Approvals, question: Approval, status: Status, *, told: bool) -> None:
        approvals.ask(question)
        assert outbox(approvals, question.tenant) == []
        decide(approvals, question, status)
        assert outbox(approvals, question.tenant) == (["apr-1"] if told else [])

    def test_what_was_told_is_not_told_again(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        decide(approvals, question)
        approvals.delivered(question.tenant, "apr-1")
        assert outbox(approvals, question.tenant) == []
        found = approvals.get(question.tenant, "apr-1")
        assert found is not None
        assert (found.status, found.delivered) == ("approved", True)
        approvals.delivered(question.tenant, "apr-1")

    def test_the_oldest_decision_comes_first_also_when_its_number_is_shorter(self, approvals: Approvals, question: Approval) -> None:
        for place, at in enumerate((1_000, 99, 20_000)):
            approvals.ask(replace(question, approval=f"apr-{place}", expires_at=10**9))
            decide(approvals, replace(question, approval=f"apr-{place}"), at=at)
        assert outbox(approvals, question.tenant) == ["apr-1", "apr-0", "apr-2"]

    def test_who_waits_is_noted_before_and_after_a_decision(self, approvals: Approvals, question: Approval) -> None:
        assert approvals.wait(question.tenant, "apr-1", "token-1") is None
        approvals.ask(question)
        assert approvals.wait(question.tenant, "apr-1", "token-1") == replace(question, token="token-1")
        decided = decide(approvals, question)
        assert decided is not None
        assert decided.token == "token-1"
        assert approvals.wait(question.tenant, "apr-1", "token-2") == replace(decided, token="token-2")

    def test_whoever_waits_after_a_delivery_is_told_of_the_decision(self, approvals: Approvals, question: Approval) -> None:
        approvals.ask(question)
        decide(approvals, question)
        approvals.delivered(question.tenant, "apr-1")
        waiting = approvals.wait(question.tenant, "apr-1", "token-2")
        assert waiting is not None
        assert (waiting.status, waiting.delivered) == ("approved", False)

    def test_it_is_gone_through_from_either_end_and_whole_however_much_it_is(self, approvals: Approvals, question: Approval) -> None:
        long = {"reason": "x" * 60_000}
        names = [f"apr-{place:02}" for place in range(40)]  # more than a page of the index holds
        for place, name in enumerate(names):
            one = approvals.ask(replace(question, approval=name, arguments=long, expires_at=10**9))
            decide(approvals, one, at=100 + place)
        assert outbox(approvals, question.tenant) == names
        assert [item.approval for item in approvals.undelivered(newest=True) if item.tenant == question.tenant] == names[::-1]
        for name in names:
            approvals.delivered(question.tenant, name)
