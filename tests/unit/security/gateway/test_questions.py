"""What a person is asked, once, and what becomes of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.core.entries import ApprovalAsked, ApprovalGiven, Body, ToolIntent, ToolResult
from septet.core.journal import after
from septet.local.approvals import MemoryApprovals
from septet.local.tools import FunctionTools
from septet.security.approvals import Approval
from septet.security.desk import Calls
from septet.security.manifests import Field
from tests.unit.security.gateway.window import Window, read
from tests.unit.shop import FIND, MANIFESTS, Shop, find, refund


class TestQuestions:
    def asking(self) -> tuple[Window, Calls]:
        """A refund above the limit, asked about; and the request to repeat once somebody has decided."""
        desk = read("A-1")
        calls = desk.calls(refund("A-1", 20_000))
        desk.handle(calls)
        return desk, calls

    def again(self, desk: Window, calls: Calls) -> list[Body]:
        return desk.handle(replace(calls, head=after(desk.entries)))

    def test_a_person_is_asked_with_the_raw_values_and_where_they_come_from(self) -> None:
        desk, _ = self.asking()
        (asked,) = [entry.body for entry in desk.entries if isinstance(entry.body, ApprovalAsked)]
        question = desk.question()
        assert (asked.approval, asked.expires_at, asked.reasons) == (question.approval, question.expires_at, question.reasons)
        assert question.submitter
        assert (question.tool, question.asked_by, question.run) == ("issue_refund", "clerk", "run-1")
        assert question.arguments == {"order_id": "A-1", "amount_cents": 20_000, "reason": "broken"}
        limit = "an amount, with those before it in this run, is above the limit from which a person decides"
        assert question.reasons == (f"{limit}: amount_cents 20000 and 0 before it are above 10000",)
        assert [item["name"] for item in question.evidence] == ["order A-1"]
        assert desk.shop.called == []

    def test_a_long_field_of_a_record_is_shown_by_its_beginning_and_says_so(self) -> None:
        notes = {"note": "ü" * 200_000, "rows": [{"n": "x"}] * 50_000, "short": "s" * 2_048, "some": [1, 2]}
        found = replace(FIND, output=replace(FIND.output, fields={**FIND.output.fields, **dict.fromkeys(notes, Field(label="record"))}))
        shop = Shop()
        shop.orders["A-1"] |= notes
        desk = Window(shop=shop, manifests=MANIFESTS | {"find_order": found})
        desk.ask(find("A-1"))
        desk.ask(refund("A-1", 20_000))
        (record,) = desk.question().evidence
        shown = record["value"]
        assert (shown["short"], shown["some"], shown["refundable_cents"]) == (notes["short"], [1, 2], 50_000)
        assert shown["note"] == "ü" * 1_024 + "… (shortened: 400000 bytes)"
        assert shown["rows"].startswith('[{"n":"x"},')
        assert len(shown["rows"]) < 2_100

    def test_it_is_asked_once(self) -> None:
        desk, calls = self.asking()
        assert self.again(desk, calls) == []
        assert len(desk.platform.approvals.listed("acme")) == 1

    def test_the_same_amount_spelt_otherwise_is_the_same_question(self) -> None:
        desk, _ = self.asking()
        (again,) = desk.ask(("issue_refund", {"order_id": "A-1", "amount_cents": 2e4, "reason": "broken"}))
        assert isinstance(again, ApprovalAsked)
        assert again.approval == desk.question().approval

    def test_another_amount_is_another_question(self) -> None:
        desk, _ = self.asking()
        desk.decide("approved")
        (asked,) = desk.ask(refund("A-1", 20_001))
        assert isinstance(asked, ApprovalAsked)
        assert desk.shop.paid == {}

    def test_other_words_are_another_question(self) -> None:
        desk, _ = self.asking()
        desk.decide("approved")
        (asked,) = desk.ask(refund("A-1", 20_000, "the person saw other words"))
        assert isinstance(asked, ApprovalAsked)

    def test_another_run_is_another_question(self) -> None:
        desk, _ = self.asking()
        desk.decide("approved")
        desk.branch = desk.platform.submit("run-2", {})
        desk.ask(find("A-1"))
        (asked,) = desk.ask(refund("A-1", 20_000))
        assert isinstance(asked, ApprovalAsked)

    def test_what_was_approved_is_done_once(self) -> None:
        desk, calls = self.asking()
        desk.decide("approved")
        given, intent, result = self.again(desk, calls)
        assert isinstance(given, ApprovalGiven)
        assert (given.decision, given.by, given.reason) == ("approved", "boss", "as agreed")
        assert isinstance(intent, ToolIntent)
        assert intent.reasons[-1].startswith("approved by boss (asked because: an amount")
        assert isinstance(result, ToolResult)
        assert result.error == ""
        again = desk.result(refund("A-1", 20_000))
        assert again.repeated
        assert desk.shop.paid == {("A-1", 20_000): 1}

    def test_what_was_approved_is_not_done_when_the_record_has_changed_meanwhile(self) -> None:
        desk, calls = self.asking()
        desk.decide("approved")
        desk.shop.orders["A-1"]["refundable_cents"] = 100
        desk.ask(find("A-1"))
        (result,) = self.again(desk, calls)
        assert isinstance(result, ToolResult)
        assert result.error == "PolicyDenied"
        assert desk.shop.paid == {}
        (approval,) = desk.platform.approvals.listed("acme")
        assert approval.refused == f"denied: {result.message}"

    def test_what_was_rejected_is_not_done_nor_asked_again(self) -> None:
        desk, calls = self.asking()
        desk.decide("rejected")
        given, result = self.again(desk, calls)
        assert isinstance(given, ApprovalGiven)
        assert isinstance(result, ToolResult)
        assert (given.decision, result.error, result.message) == ("rejected", "PolicyDenied", "rejected: as agreed")
        assert desk.result(refund("A-1", 20_000)).error == "PolicyDenied"
        assert len(desk.platform.approvals.listed("acme")) == 1
        assert desk.shop.paid == {}

    def test_a_question_expires_and_stays_expired(self) -> None:
        desk, calls = self.asking()
        desk.platform.clock.pause(3600 * 1000 - 1)
        assert self.again(desk, calls) == []
        desk.platform.clock.pause(1)
        given, result = self.again(desk, calls)
        assert isinstance(given, ApprovalGiven)
        assert isinstance(result, ToolResult)
        assert (given.decision, result.error) == ("expired", "ApprovalExpired")
        assert desk.result(refund("A-1", 20_000)).error == "ApprovalExpired"
        assert desk.shop.paid == {}

    def test_a_question_that_expired_is_asked_anew_once_the_run_is_restarted(self) -> None:
        desk, calls = self.asking()
        before = desk.question()
        desk.platform.clock.pause(3600 * 1000)
        runs, now = desk.platform.runs, desk.platform.clock()
        assert runs.close("acme", "run-1", status="stopped", ended_at=now)
        assert runs.restart("acme", "run-1", attempt=1, at=now, execution="run-1.1")
        (asked,) = self.again(desk, calls)
        assert isinstance(asked, ApprovalAsked)
        assert (asked.approval, asked.expires_at) == (before.approval, now + 3600 * 1000)
        assert self.again(desk, calls) == []
        desk.decide("approved")
        assert any(isinstance(body, ToolResult) and not body.error for body in self.again(desk, calls))
        assert len(desk.shop.paid) == 1

    @pytest.mark.parametrize("status", ["approved", "rejected"])
    def test_a_decision_written_in_time_counts_though_nobody_looked_in_time(self, status: str) -> None:
        desk, calls = self.asking()
        desk.platform.clock.pause(3600 * 1000 - 1)
        desk.decide(status)
        desk.platform.clock.pause(10**9)
        assert any(isinstance(body, ApprovalGiven) and body.decision == status for body in self.again(desk, calls))

    def test_of_a_decision_and_an_expiry_at_once_one_stands(self) -> None:
        for _ in range(20):
            desk, calls = self.asking()
            question, late = desk.question(), desk.question().expires_at
            desk.platform.clock.now = late
            together = Barrier(2)

            def person(desk: Window = desk, question: Approval = question, together: Barrier = together) -> Any:
                together.wait()
                at = question.expires_at - 1
                return desk.platform.approvals.decide("acme", question.approval, status="approved", by="boss", reason="", at=at)

            def gateway(desk: Window = desk, calls: Calls = calls, together: Barrier = together) -> list[Body]:
                together.wait()
                return self.again(desk, calls)

            with ThreadPoolExecutor(2) as pool:
                decided, bodies = pool.submit(person), pool.submit(gateway)
                given = bodies.result()[0]
                assert bool(decided.result()) == bool(desk.shop.paid)
            standing = desk.platform.approvals.get("acme", question.approval)
            assert isinstance(given, ApprovalGiven)
            assert standing is not None
            assert given.decision == standing.status == ("approved" if desk.shop.paid else "expired")

    def test_a_decision_that_comes_first_beats_an_expiry_that_was_about_to_be_written(self) -> None:
        class Hurried(MemoryApprovals):
            def decide(self, tenant: str, approval: str, *, status: Any, by: str, reason: str, at: int) -> Approval | None:
                if status == "expired":
                    super().decide(tenant, approval, status="approved", by="boss", reason="just in time", at=at - 1)
                return super().decide(tenant, approval, status=status, by=by, reason=reason, at=at)

        desk = read("A-1")
        desk.platform.approvals = Hurried()
        calls = desk.calls(refund("A-1", 20_000))
        desk.handle(calls)
        desk.platform.clock.now = desk.question().expires_at
        given = self.again(desk, calls)[0]
        assert isinstance(given, ApprovalGiven)
        assert (given.decision, given.reason) == ("approved", "just in time")

    def test_calls_beside_the_one_that_is_asked_about_are_made(self) -> None:
        desk = read("A-1")
        asked, intent, result = desk.ask(refund("A-1", 20_000), find("A-2"))
        assert isinstance(asked, ApprovalAsked)
        assert isinstance(intent, ToolIntent)
        assert isinstance(result, ToolResult)
        assert result.tool == "find_order"


def test_a_call_that_was_decided_is_not_decided_again_by_what_came_after_it() -> None:
    desk = read("A-1")
    calls = desk.calls(refund("A-1", 6_000), refund("A-1", 5_000))

    class Gone(BaseException):
        pass

    def gone(*_: Any) -> Any:
        raise Gone

    tools, desk.platform.tools = desk.platform.tools, FunctionTools({"issue_refund": gone})
    for decided in (False, True):
        if decided:
            desk.decide("approved")
        with pytest.raises(Gone):
            desk.handle(replace(calls, head=after(desk.entries)))
    desk.platform.tools = tools
    desk.platform.clock.pause(10**6)
    results = desk.handle(replace(calls, head=after(desk.entries)))
    assert [type(body).__name__ for body in results] == ["ToolResult", "ToolResult"]
    assert desk.shop.paid == {("A-1", 6_000): 1, ("A-1", 5_000): 1}
