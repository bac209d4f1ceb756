"""Events from outside: each starts one run, of whom the deployment says, or ends where a person finds it, with the reason."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from septet.core.entries import Request
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch
from septet.integration.events import TRIES, Intake, at, mapped
from septet.integration.problems import Kind, Problem
from septet.integration.submitting import submit

DECLARED = {
    "order_late": {
        "source": "acme.shop",
        "detail_type": "Order late",
        "workflow": "support",
        "tenant": "acme",
        "principal": "desk",
        "roles": ["submitter"],
        "attended": False,
        "input": {"message": "detail.notice.text", "channel": "detail.channel"},
    }
}


def event(**changes: Any) -> str:
    whole = {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Order late",
        "source": "acme.shop",
        "account": "111122223333",
        "detail": {"notice": {"text": "order 7 is late"}, "tenant": "other", "principal": "boss"},
    }
    return json.dumps(whole | changes)


@dataclass
class Letters:
    """A double of the queue of dead letters."""

    kept: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    def put(self, body: str, reason: str) -> None:
        if self.broken:
            raise StoreUnavailable("made up")
        self.kept.append((body, reason))


@pytest.fixture
def letters() -> Letters:
    return Letters()


@pytest.fixture
def intake(office: Any, letters: Letters) -> Intake:
    return Intake(events=mapped(DECLARED), submit=partial(submit, ports=office.ports), dead=letters)


def test_an_event_starts_a_run_of_the_declared_tenant_and_principal(office: Any, intake: Intake, letters: Letters) -> None:
    taken = intake.take(event(), tries=1)
    assert taken.outcome == "started"
    run = office.runs.get("acme", taken.run)
    assert (run.submitter, run.roles, run.attended, run.workflow) == ("desk", ("submitter",), False, "support")
    (first,) = office.journal.read(Branch(tenant="acme", run=taken.run))
    assert first.body == Request(workflow="support", input={"message": "order 7 is late"}, submitter="desk", trace=run.trace)
    assert first.labels == {"message": "external"}
    assert letters.kept == []


def test_an_event_that_comes_twice_starts_one_run(office: Any, intake: Intake) -> None:
    first, again = intake.take(event(), tries=1), intake.take(event(), tries=2)
    other = intake.take(event(id="another"), tries=1)
    assert first.run == again.run != other.run
    assert len(office.workflows.inputs) == 2


BAD = {
    "no JSON": ("{", "it is no JSON"),
    "no object": ("[1]", "it is no event"),
    "too deep": ("[" * 100_000, "it is no JSON: RecursionError"),
    "another source": (event(source="acme.other"), "declares no event"),
    "another type": (event(**{"detail-type": "Order early"}), "declares no event"),
    "no id": (event(id=None), "no id"),
    "an id that is no key": (event(id="a b"), "no id"),
    "nothing of what is needed": (event(detail={}), "input.message is missing"),
    "a wrong type": (event(detail={"notice": {"text": 7}}), "input.message"),
    "no text that may be": (event(detail={"notice": {"text": "x"}, "channel": "fax"}), "input.channel"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_event_ends_with_its_reason_and_starts_nothing(office: Any, intake: Intake, letters: Letters, case: str) -> None:
    body, reason = BAD[case]
    assert intake.take(body, tries=1).outcome == "dead"
    ((kept, told),) = letters.kept
    assert kept == body
    assert reason in told
    assert office.workflows.inputs == {}


def test_the_same_id_with_other_words_is_bad(intake: Intake, letters: Letters) -> None:
    intake.take(event(), tries=1)
    assert intake.take(event(detail={"notice": {"text": "something else"}}), tries=1).outcome == "dead"
    assert "used before with another body" in letters.kept[0][1]


@pytest.mark.parametrize(
    "trouble",
    [StoreUnavailable("the journal is away"), Problem(Kind.EXHAUSTED, "too much runs", retry_after=5), Problem(Kind.CONFLICT, "stopped")],
)
def test_what_may_pass_is_tried_again_and_given_up_with_its_reason(letters: Letters, trouble: Exception) -> None:
    def busy(*_: Any) -> Any:
        raise trouble

    intake = Intake(events=mapped(DECLARED), submit=busy, dead=letters)
    assert [intake.take(event(), tries=number).outcome for number in range(1, TRIES + 1)] == ["again"] * (TRIES - 1) + ["dead"]
    ((_, reason),) = letters.kept
    assert str(trouble) in reason
    assert f"after {TRIES} tries" in reason


def test_an_event_that_cannot_even_be_put_aside_is_not_lost(letters: Letters, intake: Intake) -> None:
    letters.broken = True
    with pytest.raises(StoreUnavailable):
        intake.take("{", tries=1)


@pytest.mark.parametrize(("path", "found"), [("a.b", 1), ("a", {"b": 1}), ("a.c", None), ("a.b.c", None), ("x", None)])
def test_a_path_leads_to_what_is_there(path: str, found: Any) -> None:
    assert at({"a": {"b": 1}}, path) == found
