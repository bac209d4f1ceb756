from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from septet.core.entries import Answer, ApprovalGiven, Failure, HandOver, ModelReply, ToolIntent
from septet.core.errors import StoreUnavailable
from septet.core.money import Usage
from septet.integration import ending, reading
from septet.integration.ports import ExecutionState, Principal
from septet.integration.problems import Kind, Problem

ANN = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter"}))
BOB = Principal(tenant="acme", subject="bob", roles=frozenset({"submitter"}))
EVE = Principal(tenant="acme", subject="eve", roles=frozenset({"operator"}))
FOREIGN = Principal(tenant="other", subject="ann", roles=frozenset({"admin"}))
NOBODY = Principal(tenant="acme", subject="ann", roles=frozenset())


def status(office: Any, run: str, who: Principal = ANN) -> str:
    return reading.report(run, who, office.ports).status


@pytest.mark.parametrize("who", [BOB, FOREIGN, NOBODY])
@pytest.mark.parametrize("look", ["record", "report", "excerpt"])
def test_a_run_that_is_none_of_ones_business_does_not_exist(office: Any, who: Any, look: str) -> None:
    run = office.start(ANN)
    rest: dict[str, Any] = {"part": reading.Part()} if look == "excerpt" else {}
    with pytest.raises(Problem) as caught:
        getattr(reading, look)(run, who, office.ports, **rest)
    unknown = run[:-1] + ("0" if run[-1] != "0" else "1")
    with pytest.raises(Problem) as not_there:
        getattr(reading, look)(unknown, who, office.ports, **rest)
    assert caught.value.kind is not_there.value.kind is Kind.NOT_FOUND
    assert caught.value.detail.replace(run, "") == not_there.value.detail.replace(unknown, "")


def test_a_report_is_the_record_and_what_the_journal_shows(office: Any) -> None:
    run = office.start(ANN)
    reply = ModelReply(model="m", text="", calls=(), stop="end")
    office.write(run, reply, agent="triage", usage=Usage(input=100, output=20), cost=7)
    office.write(run, HandOver(to="orders", reason="r"), agent="triage")
    office.write(run, reply, agent="orders", usage=Usage(input=50, output=5), cost=3)
    office.write(run, ToolIntent(call="c", tool="find_order", arguments={}, key="", reasons=()), agent="orders")
    office.write(run, Answer(value={"text": "on its way"}), agent="writer")

    found = reading.report(run, EVE, office.ports)

    assert found.run.run == run
    assert found.summary.path == ("triage", "orders", "writer")
    assert (found.summary.model_calls, found.summary.tool_calls, found.summary.cost) == (2, 1, 10)
    assert (found.summary.input_tokens, found.summary.output_tokens) == (150, 25)
    assert found.status == "running"


def test_a_run_waits_while_a_person_can_decide(office: Any) -> None:
    run = office.start(ANN)
    question = office.ask(run, seconds=10)
    assert status(office, run) == "waiting"
    assert reading.report(run, ANN, office.ports).waiting == (question.approval,)
    office.clock.now += 10_000
    assert status(office, run) == "running"


def test_a_decided_run_waits_no_more_though_its_agent_has_not_gone_on_yet(office: Any) -> None:
    run = office.start(ANN)
    question = office.ask(run)
    office.approvals.decide("acme", question.approval, status="approved", by="eve", reason="", at=office.clock())
    assert status(office, run) == "running"
    office.write(run, ApprovalGiven(call="c-1", approval=question.approval, decision="approved", by="eve", reason=""))
    assert status(office, run) == "running"


def test_a_run_that_ended_waits_for_nobody(office: Any) -> None:
    run = office.start(ANN)
    office.ask(run)
    office.end(run, "stopped")
    assert status(office, run) == "stopped"


@pytest.mark.parametrize("end", ["succeeded", "failed", "stopped", "timed_out"])
def test_a_lost_event_does_not_leave_a_run_running(office: Any, end: str) -> None:
    run = office.start(ANN)
    office.end(run, end, error="ToolFailed", message="it broke")
    assert status(office, run) == end
    record = office.runs.get("acme", run)
    assert (record.status, record.ended_at, record.error, record.message) == (end, office.clock() + 5, "ToolFailed", "it broke")


def test_what_was_noted_of_the_end_stands(office: Any) -> None:
    run = office.start(ANN)
    office.runs.close("acme", run, status="failed", ended_at=1, error="LoopDetected")
    office.end(run, "succeeded")
    assert reading.report(run, ANN, office.ports).run.error == "LoopDetected"


class Deaf:
    """Step Functions, not answering."""

    def __init__(self, workflows: Any) -> None:
        self.execution = workflows.execution

    def state(self, _: str) -> ExecutionState:
        raise OSError("throttled")


def test_a_run_can_be_read_while_step_functions_does_not_answer(office: Any, caplog: pytest.LogCaptureFixture) -> None:
    run = office.start(ANN)
    office.workflows = Deaf(office.workflows)
    assert status(office, run) == "running"
    assert "OSError" in caplog.text
    assert "throttled" not in caplog.text


def test_an_execution_that_was_started_and_not_noted_is_noted(office: Any) -> None:
    run = office.start(ANN)
    (execution,) = office.workflows.states
    office.forget_execution(run)
    reading.report(run, ANN, office.ports)
    assert office.runs.get("acme", run).execution == execution


@pytest.mark.parametrize(("noted", "ended"), [(True, ("failed", "ExecutionLost")), (False, ("refused", "NotStarted"))])
def test_a_run_whose_execution_is_nowhere_is_closed_in_the_end(office: Any, *, noted: bool, ended: tuple[str, str]) -> None:
    run = office.start(ANN)
    if not noted:
        office.forget_execution(run)
    office.workflows.states.clear()
    office.clock.now += ending.SETTLED_AFTER
    assert status(office, run) == "running"
    office.clock.now += 1
    found = reading.report(run, ANN, office.ports).run
    assert (found.status, found.error, found.ended_at) == (*ended, office.clock())


def test_a_list_holds_what_one_may_see_newest_first(office: Any) -> None:
    mine = [office.start(ANN) for _ in range(2)]
    theirs = office.start(BOB)
    foreign = office.start(Principal(tenant="other", subject="ann", roles=frozenset({"submitter"})))

    def ids(who: Principal) -> list[str]:
        return [run.run for run, _ in reading.listing(who, office.ports, limit=10).runs]

    assert ids(ANN) == mine[::-1]
    assert ids(EVE) == [theirs, *mine[::-1]]
    assert ids(FOREIGN) == [foreign]
    with pytest.raises(Problem) as caught:
        ids(NOBODY)
    assert caught.value.kind is Kind.FORBIDDEN


def test_a_list_comes_in_pages(office: Any) -> None:
    started = [office.start(ANN) for _ in range(5)]
    first = reading.listing(ANN, office.ports, limit=3)
    second = reading.listing(ANN, office.ports, limit=3, cursor=first.next)
    assert [run.run for run, _ in first.runs + second.runs] == started[::-1]
    assert second.next is None


def test_what_runs_is_told_by_the_ledger_in_pages_to_whom_it_concerns(office: Any) -> None:
    mine, theirs = [office.start(ANN) for _ in range(4)], office.start(BOB)
    over = office.start(ANN)
    office.ledger.close("acme", over)  # its event was lost: the record still says that it runs
    office.runs.page = None  # no index is asked

    def pages(who: Principal) -> list[list[str]]:
        found, cursor = [], None
        while True:
            page = reading.listing(who, office.ports, limit=2, cursor=cursor, status="running")
            found.append([run.run for run, _ in page.runs])
            cursor = page.next
            if cursor is None:
                return found

    assert pages(EVE) == [[theirs, mine[3]], [mine[2], mine[1]], [mine[0]]]
    assert pages(ANN) == [[mine[3]], [mine[2], mine[1]], [mine[0]]]
    assert pages(FOREIGN) == [[]]


@pytest.mark.parametrize("wanted", [None, "running"])
def test_a_cursor_of_somebodys_own_making_is_named(office: Any, wanted: str | None) -> None:
    with pytest.raises(Problem) as caught:
        reading.listing(ANN, office.ports, limit=3, cursor="abc", status=wanted)
    assert (caught.value.kind, caught.value.errors[0].field) == (Kind.NOT_FOUND, "cursor")


def test_a_list_tells_waiting_from_running(office: Any) -> None:
    waits, runs, ended = (office.start(ANN) for _ in range(3))
    office.ask(waits, seconds=10)
    office.runs.close("acme", ended, status="succeeded", ended_at=1)

    def listed(wanted: str | None) -> dict[str, str]:
        return {run.run: shown for run, shown in reading.listing(EVE, office.ports, limit=10, status=wanted).runs}

    assert listed(None) == {waits: "waiting", runs: "running", ended: "succeeded"}
    assert listed("waiting") == {waits: "waiting"}
    assert listed("running") == {waits: "waiting", runs: "running"}, "whoever waits runs as well"
    assert listed("succeeded") == {ended: "succeeded"}
    office.clock.now += 10_000
    assert listed("waiting") == {}


def test_an_excerpt_goes_on_where_it_ended(office: Any) -> None:
    run = office.start(ANN)
    office.write(run, *(Failure(error="ToolFailed", message=str(number)) for number in range(6)))
    numbers = []
    after: int | None = -1
    while after is not None:
        page = reading.excerpt(run, ANN, office.ports, part=reading.Part(after=after, limit=3))
        numbers += [entry.number for entry in page.entries]
        after = page.next
    assert numbers == list(range(7))
    assert reading.excerpt(run, ANN, office.ports, part=reading.Part(after=6, limit=3)) == reading.Excerpt(entries=(), next=None)


def test_a_run_is_told_without_its_flags_while_these_cannot_be_read(office: Any) -> None:
    class Out:
        def get(self, *_: str) -> Any:
            raise StoreUnavailable("the table of summaries")

    run = office.start()
    found = reading.report(run, EVE, replace(office.ports, summaries=Out()))
    assert (found.run.run, found.flagged) == (run, ())
