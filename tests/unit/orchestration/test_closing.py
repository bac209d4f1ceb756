import json
from copy import replace
from typing import Any

import pytest

from septet.core.journal import Branch
from septet.core.ledger import day, of_branch, of_run
from septet.core.runs import Run
from septet.local.ledger import MemoryLedger
from septet.local.runs import MemoryRuns
from septet.orchestration.closing import cause, close

RUN = Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="", created_at=1)
DETAIL: dict[str, Any] = {
    "name": "run-1",
    "status": "SUCCEEDED",
    "input": json.dumps({"tenant": "acme", "run": "run-1"}),
    "stopDate": 1_700_000_000_000,
}


class _Strict(MemoryRuns):
    """Takes what a table takes: keys are texts."""

    def close(self, tenant: str, run: str, **how: Any) -> bool:
        assert isinstance(tenant, str)
        return super().close(tenant, run, **how)


def closed(run: Run = RUN, **changes: Any) -> tuple[Run | None, Run]:
    runs = _Strict()
    runs.create(run)
    was = close(runs, MemoryLedger(), DETAIL | changes)
    found = runs.get("acme", "run-1")
    assert found is not None
    return was, found


@pytest.mark.parametrize(
    ("status", "becomes"), [("SUCCEEDED", "succeeded"), ("FAILED", "failed"), ("TIMED_OUT", "timed_out"), ("ABORTED", "stopped")]
)
def test_a_run_ends_as_its_execution_does(status: str, becomes: str) -> None:
    was, run = closed(status=status)
    assert was == run
    assert (run.status, run.ended_at) == (becomes, 1_700_000_000_000)


def test_a_failure_keeps_its_name_and_its_sentence() -> None:
    told = json.dumps({"errorMessage": "the model declined", "errorType": "ModelRefused", "stackTrace": ["a", "b"]})
    _, run = closed(status="FAILED", error="ModelRefused", cause=told)
    assert (run.error, run.message) == ("ModelRefused", "the model declined")


def test_the_twin_tells_the_time_as_a_text() -> None:
    assert closed(stopDate="2026-11-22T20:00:00+00:00")[1].ended_at == 1_795_377_600_000


@pytest.mark.parametrize(
    "change",
    [
        {"status": "RUNNING"},
        {"status": "PENDING_REDRIVE"},
        {"status": None},
        {"input": None},
        {"input": "no JSON"},
        {"input": "[]"},
        {"input": "{}"},
        {"input": json.dumps({"tenant": 7})},
        {"input": json.dumps({"tenant": "acme"})},
        {"input": json.dumps({"tenant": "acme", "run": ""})},
        {"input": json.dumps({"tenant": "other", "run": "run-1"})},
        {"input": json.dumps({"tenant": "acme", "run": "run-2"})},
        {"name": "run-2"},
        {"name": "5b0a9f0e-the-child-of-a-map"},
    ],
)
def test_an_event_that_is_none_of_ours_closes_nothing(change: dict[str, Any]) -> None:
    was, run = closed(**change)
    assert not was
    assert run == RUN


def test_an_event_that_comes_twice_closes_once() -> None:
    runs = MemoryRuns()
    runs.create(RUN)
    first = close(runs, MemoryLedger(), DETAIL)
    assert first is not None
    assert first.status == "succeeded"
    assert close(runs, MemoryLedger(), DETAIL | {"status": "FAILED"}) == first, "told again, so that what follows can be done again"
    assert runs.get("acme", "run-1") == first


def test_the_end_of_an_attempt_before_changes_nothing_at_the_present_one() -> None:
    again = replace(RUN, attempt=2)
    assert closed(again) == (None, again)
    assert closed(again, name="run-1.1") == (None, again)
    was, run = closed(again, name="run-1.2")
    assert was == run
    assert run.status == "succeeded"


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_the_accounts_are_closed_however_the_execution_ended_and_what_was_not_spent_goes_back(status: str) -> None:
    runs, ledger, main = MemoryRuns(), MemoryLedger(), Branch(tenant="acme", run="run-1")
    runs.create(RUN)
    ledger.open(main, 1_000, now=0)
    ledger.reserve(main, 1, 100, until=5, settle={})
    ledger.settle(main, {1: 40})
    assert close(runs, ledger, DETAIL | {"status": status})
    found = [ledger.account("acme", name) for name in (day(0), of_run("run-1"), of_branch("run-1"))]
    assert [(one.spent, one.reserved, one.closed) for one in found if one] == [(40, 0, False), (40, 0, True), (40, 0, True)]


def test_an_event_that_comes_again_closes_accounts_that_the_first_could_not() -> None:
    runs, ledger, main = MemoryRuns(), MemoryLedger(), Branch(tenant="acme", run="run-1")
    runs.create(RUN)
    assert close(runs, ledger, DETAIL)
    ledger.open(main, 1_000, now=0)
    assert close(runs, ledger, DETAIL)
    account = ledger.account("acme", of_run("run-1"))
    assert account is not None
    assert account.closed


@pytest.mark.parametrize("change", [{"status": "RUNNING"}, {"input": json.dumps({"tenant": "other", "run": "run-1"})}, {"name": "run-2"}])
def test_an_event_of_something_else_closes_no_accounts(change: dict[str, Any]) -> None:
    ledger, main = MemoryLedger(), Branch(tenant="acme", run="run-1")
    ledger.open(main, 1_000, now=0)
    runs = MemoryRuns()
    runs.create(RUN)
    close(runs, ledger, DETAIL | change)
    account = ledger.account("acme", of_run("run-1"))
    assert account is not None
    assert not account.closed


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("plain", "plain"),
        ("", ""),
        ('{"errorMessage": "told"}', "told"),
        ('{"other": 1}', '{"other": 1}'),
        ("[1]", "[1]"),
        ("null", "null"),
        ("x" * 900, "x" * 500),
        (json.dumps({"errorMessage": "y" * 900}), "y" * 500),
    ],
)
def test_a_cause_is_read_as_its_sentence(text: str, sentence: str) -> None:
    assert cause(text) == sentence


def test_what_is_closed_while_the_run_is_restarted_is_the_attempt_before() -> None:
    """A restart comes between the two writes: the accounts that it has opened are the next attempt's."""
    runs, main = MemoryRuns(), Branch(tenant="acme", run="run-1")
    runs.create(RUN)

    class Restarting(MemoryLedger):
        def close(self, tenant: str, run: str, *, attempt: int | None = None) -> bool:
            runs.restart(tenant, run, attempt=1, at=5, execution="arn:1")
            super().close(tenant, run)
            self.reopen(main, 1_000, now=0, attempt=1)
            return super().close(tenant, run, attempt=attempt)

    ledger = Restarting()
    ledger.open(main, 1_000, now=0)
    close(runs, ledger, DETAIL | {"status": "FAILED"})
    ledger.reserve(main, 1, 100, until=5, settle={})
    assert [one.run for one in ledger.running("acme")] == ["run-1"]
