"""The case of a late delivery over EventBridge and the HTTP API: answered, escalated, cancelled; events that come twice, or are bad."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from local.supplies import put
from septet.aws.items import values
from septet.core.entries import Heard, Inquired, Note, ToolIntent, ToolResult
from septet.core.journal import verify
from tests.desk import ENDED, Desk, until

if TYPE_CHECKING:
    from collections.abc import Iterator


class Supply:
    """What tests do with a twin whose tenant ``demo`` has late deliveries."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.http = desk.http
        put(desk.twin.client("dynamodb"), self.named("supplies"), desk.tenant)

    def named(self, name: str) -> str:
        """What a table, a queue or a bus is called where the platform is deployed."""
        return f"{self.desk.twin.prefix}-{name}"

    @property
    def machine(self) -> str:
        """The state machine's ARN."""
        return f"arn:aws:states:{self.desk.twin.region}:{self.desk.twin.account}:stateMachine:{self.named('supply')}"

    def notice(self, order: str) -> str:
        return f"Delivery of {order} is late. {uuid.uuid4().hex}"

    def tell(self, order: str, **more: Any) -> str:
        """Put an event on the bus, and return its notice."""
        notice = self.notice(order)
        detail = {"purchase_order": order, "notice": notice, "tenant": "other"} | more
        entry = {
            "EventBusName": self.named("events"),
            "Source": "demo.suppliers",
            "DetailType": "Delivery delayed",
            "Detail": json.dumps(detail),
        }
        answer = self.desk.twin.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer
        return notice

    def runs(self, notice: str) -> list[str]:
        """The runs that were started with *notice*."""
        listed = self.http.get("/v1/runs", params={"limit": 50}, headers=self.operator).json()["runs"]
        cases = [item["id"] for item in listed if item["workflow"] == "supply"]
        return [run for run in cases if (found := self.desk.journal(run)) and found[0].body.input["notice"] == notice]

    def started(self, notice: str) -> str:
        return until(lambda: found[0] if (found := self.runs(notice)) else None, what=f"a run for {notice}", seconds=90)

    @property
    def operator(self) -> dict[str, str]:
        return self.desk.token("olga", "operator")

    @property
    def supplier(self) -> dict[str, str]:
        return self.desk.token("supplier-7", "responder")

    def asked(self, run: str, name: str) -> dict[str, Any]:
        """The open inquiry *name* of *run*, once its execution waits."""

        def look() -> dict[str, Any] | None:
            page = self.http.get("/v1/inquiries", params={"status": "open", "limit": 100}, headers=self.operator).json()
            found: list[dict[str, Any]] = [one for one in page["inquiries"] if (one["run"], one["name"]) == (run, name)]
            return found[0] if found and self.waits(run, f"inquiry/{found[0]['id']}") else None

        return until(look, what=f"the inquiry {name} of {run}", seconds=90)

    def waits(self, run: str, what: str) -> bool:
        key = {"pk": {"S": f"{self.desk.tenant}#{run}"}, "what": {"S": what}}
        return "Item" in self.desk.twin.client("dynamodb").get_item(TableName=self.named("waits"), Key=key, ConsistentRead=True)

    def answer(self, inquiry: str, answer: Any, who: dict[str, str]) -> Any:
        return self.http.post(f"/v1/inquiries/{inquiry}", json={"answer": answer}, headers=who)

    def cancel(self, run: str) -> Any:
        return self.http.post(f"/v1/runs/{run}/cancel", json={"reason": "the customer left"}, headers=self.operator)

    def case(self, order: str, how: str) -> str:
        """Start a case over the API; *how* it goes on, the scripts say."""
        notice = f"Delivery of {order} is late; {how}. {uuid.uuid4().hex}"
        return self.desk.submit("supply", {"purchase_order": order, "notice": notice}, subject="supply-desk")

    def tell_customer(self, run: str) -> None:
        """Answer for the supplier, and let the customer be told."""
        said = {"delivers": True, "days_late": 5}
        assert self.answer(self.asked(run, "delivery_date")["id"], said, self.supplier).status_code == 200
        assert self.approve(run)["tool"] == "notify_customer"

    def looked(self, run: str) -> dict[str, Any]:
        """The report of *run* once it has ended; operators leave what stays done as it is."""

        def look() -> dict[str, Any] | None:
            page = self.http.get("/v1/inquiries", params={"status": "open", "limit": 100}, headers=self.operator).json()
            for one in page["inquiries"]:
                if (one["run"], one["name"]) == (run, "not_undone"):
                    self.answer(one["id"], {"outcome": "left"}, self.operator)
            return found if (found := self.desk.run(run))["status"] in ENDED else None

        return until(look, what=f"the end of {run}", seconds=90)

    def approve(self, run: str) -> dict[str, Any]:
        question = self.desk.asked(run)
        assert self.desk.decide(question["id"], "approve").status_code == 200
        return question

    def made(self, run: str) -> dict[str, dict[str, Any]]:
        """What tools have written for *run*, by kind."""
        pages = self.desk.twin.client("dynamodb").query(
            TableName=self.named("supplies"),
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": self.desk.tenant}},
            ConsistentRead=True,
        )
        found = [values(item) for item in pages["Items"]]
        return {one["item"].partition("#")[0]: one for one in found if one.get("run") == run}

    def available(self, sku: str) -> int:
        return int(self.desk.item("supplies", item=f"stock#{sku}")["available"])

    @contextmanager
    def waiting_for_seconds(self, state: str, seconds: int) -> Iterator[None]:
        """Executions that start meanwhile wait no longer than that in *state*."""
        machines = self.desk.twin.client("stepfunctions")
        deployed = machines.describe_state_machine(stateMachineArn=self.machine)["definition"]
        definition = json.loads(deployed)
        definition["States"][state]["TimeoutSeconds"] = seconds
        machines.update_state_machine(stateMachineArn=self.machine, definition=json.dumps(definition))
        try:
            yield
        finally:
            machines.update_state_machine(stateMachineArn=self.machine, definition=deployed)


@pytest.fixture
def cases(twin: Any) -> Iterator[Supply]:
    with Desk(twin=twin, tenant="demo") as desk:
        yield Supply(desk)


@pytest.fixture
def cases_apart(desk: Desk) -> Supply:
    """Of a tenant of their own, for whom no event is declared."""
    return Supply(desk)


def outcomes(desk: Desk, run: str) -> list[str]:
    return [entry.body.outcome for entry in desk.journal(run) if isinstance(entry.body, Heard)]


def undone(desk: Desk, run: str) -> list[tuple[str, str]]:
    """What was called to undo something, in order, with how it ended."""
    entries = [entry.body for entry in desk.journal(run) if entry.turn == "undo"]
    results = {body.call: body.error for body in entries if isinstance(body, ToolResult)}
    return [(body.tool, results[body.call]) for body in entries if isinstance(body, ToolIntent)]


def test_a_case_is_answered_and_another_escalates_to_operators(cases: Supply) -> None:
    desk = cases.desk
    with cases.waiting_for_seconds("The supplier is asked", 15):
        late = cases.tell("P-1002")
        escalated = cases.started(late)
        until(lambda: desk.item("runs", run=escalated).get("execution"), what="its execution")
        desk_knows = desk.run(escalated)["status"]
    answered = cases.started(cases.tell("P-1001"))
    assert desk_knows in ("running", "waiting")

    question = cases.asked(answered, "delivery_date")
    assert question["question"]["about"].startswith("Purchase order P-1001: 40 of AB-12")
    assert cases.answer(question["id"], {"delivers": "yes"}, cases.supplier).status_code == 422
    assert cases.http.get("/v1/runs", headers=cases.supplier).status_code == 403
    said = {"delivers": True, "days_late": 5, "remark": "sorry"}
    assert cases.answer(question["id"], said, cases.supplier).status_code == 200
    assert cases.answer(question["id"], said, cases.supplier).status_code == 200
    assert cases.answer(question["id"], {**said, "days_late": 6}, cases.supplier).status_code == 409

    decision = cases.asked(escalated, "supply_decision")
    expired = [entry.body.inquiry for entry in desk.journal(escalated) if isinstance(entry.body, Heard)]
    assert cases.answer(expired[0], said, cases.supplier).status_code == 409, "it is too late"
    assert cases.answer(decision["id"], {"decision": "order_elsewhere"}, cases.supplier).status_code == 404
    assert cases.answer(decision["id"], {"decision": "order_elsewhere"}, cases.operator).status_code == 200

    for run in (answered, escalated):
        assert cases.approve(run)["tool"] == "notify_customer"
        assert desk.ended(run)["status"] == "succeeded"
        assert verify(desk.journal(run)) == []
    assert outcomes(desk, answered) == ["answered"]
    assert outcomes(desk, escalated) == ["expired", "answered"]
    assert cases.made(answered)["reservation"]["quantity"] == 40
    assert cases.made(escalated)["order"]["amount_cents"] == 60_000
    assert set(cases.made(answered)) == {"reservation", "notice"}


def test_a_cancelled_case_undoes_each_thing_that_it_did_once(cases: Supply) -> None:
    desk = cases.desk
    before = {sku: cases.available(sku) for sku in ("AB-12", "CD-40")}
    first, second = (cases.started(notice) for notice in (cases.tell("P-1003"), cases.tell("P-1004")))
    cases.asked(first, "delivery_date")
    question = cases.asked(second, "delivery_date")
    assert cases.made(first)["reservation"]["released"] is False
    assert cases.cancel(first).status_code == 202
    assert cases.cancel(first).status_code in (202, 409)

    assert cases.answer(question["id"], {"delivers": False, "days_late": 0}, cases.supplier).status_code == 200
    assert cases.approve(second)["arguments"] == {"po_id": "P-1004", "amount_cents": 200_000}
    asked = until(lambda: found if (found := desk.asked(second))["tool"] == "notify_customer" else None, what="the clerk's question")
    assert cases.made(second)["order"]["cancelled"] is False
    assert cases.cancel(second).status_code == 202
    shown = cases.http.get(f"/v1/approvals/{asked['id']}", headers=cases.operator).json()
    assert (shown["status"], desk.decide(asked["id"], "approve").status_code) == ("expired", 409), "nothing is left to decide"
    for run in (first, second):
        ended = desk.ended(run, seconds=90)
        assert (ended["status"], ended["failure"]["class"]) == ("failed", "RunCancelled")
        assert verify(desk.journal(run)) == []
        notes = [entry.body.text for entry in desk.journal(run) if isinstance(entry.body, Note) and entry.body.kind == "cancelled"]
        assert notes == ["olga: the customer left"]
    assert outcomes(desk, first) == ["cancelled"]
    assert undone(desk, first) == [("release_stock", "")]
    assert undone(desk, second) == [("cancel_order", ""), ("release_stock", "")], "the newest first"
    assert cases.made(second)["order"]["cancelled"] is True
    assert "notice" not in cases.made(second), f"{asked['id']} was never decided"
    assert {sku: cases.available(sku) for sku in before} == before
    assert cases.cancel(first).status_code == 409, "it has ended"


def test_a_case_is_cancelled_until_it_keeps_what_it_did_and_not_after(cases_apart: Supply) -> None:
    """Whenever it comes, what the API accepts is undone, and what it refuses is not.

    Late: after the last effect, while the clerk words his answer. Failed: while an agent works that fails then; kept is the same and
    not cancelled. Raced: as the case ends.
    """
    cases, desk = cases_apart, cases_apart.desk
    late, raced = cases.case("P-1003", "the clerk is slow"), [cases.case("P-1001", "the clerk is quick") for _ in range(3)]
    failed, kept = (cases.case("P-1003", "the buyer declines") for _ in range(2))

    for run in (failed, kept):
        said = {"delivers": True, "days_late": 5}
        assert cases.answer(cases.asked(run, "delivery_date")["id"], said, cases.supplier).status_code == 200
    until(lambda: outcomes(desk, failed) or None, what="the buyer's turn")
    assert cases.cancel(failed).status_code == 202
    cases.tell_customer(late)
    until(lambda: cases.made(late).get("notice"), what="the customer's notice")
    assert cases.cancel(late).status_code == 202

    answers = {}
    for place, run in enumerate(raced):
        cases.tell_customer(run)
        until(lambda run=run: cases.made(run).get("notice"), what="the customer's notice")
        time.sleep(0.7 * place)  # not waited for: each comes at another moment of the end
        answers[run] = cases.cancel(run).status_code

    assert cases.looked(late)["failure"]["class"] == "NotUndone", "a message cannot be taken back"
    assert undone(desk, late) == [("release_stock", "")]
    assert cases.looked(failed)["failure"]["class"] == "RunCancelled"
    assert undone(desk, failed) == [("release_stock", "")]
    end = cases.looked(kept)
    assert (end["status"], end["failure"]["class"]) == ("failed", "ModelRefused")
    assert "content filters" in end["failure"]["message"] or "declined" in end["failure"]["message"], end["failure"]
    assert undone(desk, kept) == []
    assert cases.made(kept)["reservation"]["released"] is False
    assert cases.cancel(kept).status_code == 409
    for run, answer in answers.items():
        end = cases.looked(run)
        assert (answer, end["status"]) in ((202, "failed"), (409, "succeeded")), answers
        assert undone(desk, run) == ([("release_stock", "")] if answer == 202 else [])
        assert cases.made(run)["reservation"]["released"] is (answer == 202)
        assert verify(desk.journal(run)) == []


def test_an_event_that_comes_twice_starts_one_run_and_a_bad_one_ends_with_its_reason(cases: Supply) -> None:
    sqs = cases.desk.twin.client("sqs")
    url, dead = (sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in (cases.named("events"), cases.named("events-dead")))
    notice = cases.notice("P-1001")
    body = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Delivery delayed",
        "source": "demo.suppliers",
        "detail": {"purchase_order": "P-1001", "notice": notice},
    }
    bad = cases.tell("P-1001", purchase_order="somewhere else")
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))

    def letter() -> tuple[str, str] | None:
        found = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"], MaxNumberOfMessages=10).get("Messages", [])
        mine = [one for one in found if bad in one["Body"]]
        return (mine[0]["Body"], mine[0]["MessageAttributes"]["reason"]["StringValue"]) if mine else None

    kept, reason = until(letter, what="the dead letter", seconds=90)
    assert json.loads(kept)["detail"]["notice"] == bad
    assert "input.purchase_order" in reason
    run = cases.started(notice)
    cases.asked(run, "delivery_date")
    gone = {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}
    until(lambda: True if _empty(sqs, url, gone) else None, what="the end of the queue", seconds=60)
    assert cases.runs(notice) == [run]
    assert cases.runs(bad) == []
    (inquired,) = [entry.body for entry in cases.desk.journal(run) if isinstance(entry.body, Inquired)]
    assert inquired.to == "supplier"
    assert cases.cancel(run).status_code == 202
    assert cases.desk.ended(run)["failure"]["class"] == "RunCancelled"


def _empty(sqs: Any, url: str, names: set[str]) -> bool:
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=sorted(names))["Attributes"]
    return all(int(found[name]) == 0 for name in names)


def test_a_workflow_that_cannot_undo_is_stopped_not_cancelled(desk: Desk) -> None:
    run = desk.start("I want my money back for order A-1002.")
    desk.asked(run)
    answer = desk.http.post(f"/v1/runs/{run}/cancel", json={"reason": "no"}, headers=desk.token("olga", "operator"))
    assert answer.status_code == 409
    assert "stop the run" in answer.json()["detail"]
    desk.decide(desk.asked(run)["id"], "reject")
    assert desk.ended(run)["status"] == "succeeded"
