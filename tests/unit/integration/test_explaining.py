"""A run explained over the API: who may read it, its pages, and what is too long for it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from septet.core.entries import Answer, Failure, ModelCall, ModelFailed, ModelReply, ToolCall, ToolIntent, ToolResult
from septet.integration import reading
from septet.integration.explaining import explained
from septet.integration.http.explanation_models import ExplanationQuery
from septet.integration.http.explanation_operations import OPERATIONS
from septet.integration.http.explanation_views import ITEMS, TEXT, brief, explanation
from septet.integration.http.operation import Call
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem

ANN = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter"}))
BOB = Principal(tenant="acme", subject="bob", roles=frozenset({"submitter"}))
FOREIGN = Principal(tenant="other", subject="ann", roles=frozenset({"admin"}))


def refund(office: Any) -> str:
    """A run that has paid something and said so."""
    run: str = office.start(ANN, message="Refund A-1002.")
    office.write(run, ModelCall(model="nova", step=0, reserved=9))
    call = ToolCall(id="c-1", tool="issue_refund", arguments={"order": "A-1002"})
    office.write(run, ModelReply(model="nova", text="", calls=(call,), stop="tools"), cost=4)
    intent = ToolIntent(call="c-1", tool="issue_refund", arguments=call.arguments, key="k", reasons=("the request names it",))
    office.write(run, intent, labels={"order": "prompt"})
    office.write(run, ToolResult(call="c-1", tool="issue_refund", value={"refund": "r-77"}), labels={"refund": "record"})
    office.write(run, Answer(value={"text": "Paid: r-77"}), agent="writer", labels={"text": "unknown"})
    return run


def test_a_run_is_explained_with_reasons_labels_money_and_lineage(office: Any) -> None:
    found = explanation(explained(refund(office), ANN, office.ports), after=-1, limit=500)
    assert [(step.place, step.kind, step.what, step.entries) for step in found.steps] == [
        (0, "request", "support", [0]),
        (1, "model", "nova", [1, 2]),
        (2, "tool", "issue_refund", [3, 4]),
        (3, "answer", "writer", [5]),
    ]
    tool = found.steps[2]
    assert [(reason.by, reason.text, reason.certain) for reason in tool.reasons][1:] == [("policy", "the request names it", True)]
    assert (tool.given_labels, tool.result_labels, tool.effect) == ({"order": "prompt"}, {"refund": "record"}, True)
    assert (found.cost_microdollars, found.steps[1].cost_microdollars, found.steps[1].reserved_microdollars) == (4, 4, 9)
    assert found.lineage
    assert found.lineage.answer
    place = found.lineage.answer.values[0].origins[0].places[0]
    assert (place.name, place.entry, place.field, place.label, place.asked_with) == (
        "issue_refund",
        4,
        "refund",
        "record",
        {"order": "prompt"},
    )
    assert [one.who for one in found.lineage.effects] == ["issue_refund"]


@pytest.mark.parametrize("who", [BOB, FOREIGN])
def test_who_may_not_read_the_journal_gets_no_explanation(office: Any, who: Principal) -> None:
    with pytest.raises(Problem) as caught:
        explained(refund(office), who, office.ports)
    assert caught.value.kind is Kind.NOT_FOUND


def test_pages_hold_every_step_once_and_the_lineage_comes_with_the_first(office: Any) -> None:
    operation, run = OPERATIONS[0], refund(office)
    places, after, lineages = [], -1, []
    while True:
        query = ExplanationQuery(after=after, limit=3)
        page: Any = operation.act(Call(principal=ANN, name=run, query=query, body=None, key=None, left=lambda: 9_000), office.ports).answer
        places += [step.place for step in page.steps]
        lineages.append(page.lineage is not None)
        if page.next is None:
            break
        after = page.next
    assert places == [0, 1, 2, 3]
    assert lineages == [True, False]
    assert page.steps_in_all == 4
    beyond = explanation(explained(run, ANN, office.ports), after=99, limit=3)
    assert (beyond.steps, beyond.next) == ([], None)


def test_what_is_long_is_cut_and_says_so() -> None:
    assert brief("x" * TEXT) == "x" * TEXT
    assert brief({"a": "x" * 9_000})["a"].endswith("… (shortened: 9000 characters)")
    assert len(brief(list(range(500)))) == ITEMS + 1
    assert brief({str(number): number for number in range(500)})["…"] == "shortened: 500 fields"
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    assert "shortened" in str(brief(deep))


def shown(office: Any, run: str) -> Any:
    return explanation(explained(run, ANN, office.ports), after=-1, limit=500)


def test_a_run_that_waits_for_a_person_is_waiting_as_everywhere(office: Any) -> None:
    run = office.start(ANN)
    assert shown(office, run).run.status == "running"
    office.ask(run, seconds=10)
    assert shown(office, run).run.status == "waiting"


def test_a_run_that_was_stopped_or_failed_says_who_or_what_and_one_that_goes_on_says_nothing(office: Any) -> None:
    run = office.start(ANN)
    office.write(run, Failure(error="ModelUnavailable", message="the provider is down"), agent="triage")
    assert shown(office, run).failure is None
    office.end(run, "failed", error="ModelUnavailable", message="")
    failure = shown(office, run).failure
    assert (failure.error, failure.message) == ("ModelUnavailable", "the provider is down")
    stopped = office.start(ANN)
    office.end(stopped, "stopped", error="RunStopped", message="the run was stopped by eve: enough")
    failure = shown(office, stopped).failure
    assert (failure.error, failure.message) == ("RunStopped", "the run was stopped by eve: enough")


def test_the_trace_is_named_as_collectors_name_it(office: Any) -> None:
    run = office.start(ANN)
    trace = shown(office, run).trace
    record = office.ports.runs.get("acme", run)
    assert re.fullmatch("[0-9a-f]{32}", trace)
    assert record.trace.startswith(f"Root=1-{trace[:8]}-{trace[8:]}")


def test_model_calls_are_counted_as_in_the_runs_report(office: Any) -> None:
    run = refund(office)
    office.write(run, ModelCall(model="nova", step=1, reserved=9))
    office.write(run, ModelFailed(model="nova", error="ModelUnavailable", message=""))
    found, report = shown(office, run), reading.report(run, ANN, office.ports).summary
    assert (found.model_calls, found.model_calls_failed) == (report.model_calls, report.failed_calls) == (1, 1)
