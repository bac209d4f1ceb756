"""Runs that are searched for, and what failed, as each person may see it."""

from __future__ import annotations

from copy import replace
from typing import Any

import pytest

from septet.core.summaries import Part, Summary
from septet.integration import failing, reading
from septet.integration.days import DAYS, USUAL
from septet.integration.ports import Principal
from septet.integration.problems import Kind, Problem
from septet.integration.searching import Criteria, search
from septet.observability.failures import kind
from septet.observability.summaries import summary

ANN = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter"}))
BOB = Principal(tenant="acme", subject="bob", roles=frozenset({"submitter"}))
EVE = Principal(tenant="acme", subject="eve", roles=frozenset({"auditor"}))
FOREIGN = Principal(tenant="other", subject="ann", roles=frozenset({"admin"}))
NOBODY = Principal(tenant="acme", subject="ann", roles=frozenset())
PLATFORM = Principal(tenant="operations", subject="night-shift", roles=frozenset({"operator"}))
DAY = 86_400_000


def ended(office: Any, who: Principal = ANN, error: str = "ToolFailed", *agents: str, days: int = 0) -> str:
    """A run of *who*'s that ended so many days ago, and what it came to."""
    run: str = office.start(who)
    status = "failed" if error else "succeeded"
    office.runs.close(who.tenant, run, status=status, ended_at=office.clock() - days * DAY, error=error)
    office.summaries.put(
        summary(office.runs.get(who.tenant, run), {"main": Part(agents=agents, failing=agents[-1] if agents else "", cost=3)})
    )
    return run


def found(office: Any, who: Principal = EVE, status: str | None = None, **criteria: str) -> list[str]:
    runs, cursor = [], None
    while True:
        page = search(Criteria(**criteria), who, office.ports, limit=2, cursor=cursor, status=status)
        runs += [run.run for run, _ in page.runs]
        cursor = page.next
        if cursor is None:
            return runs


def test_runs_are_found_by_what_they_came_to_the_latest_end_first(office: Any) -> None:
    old = ended(office, ANN, "LoopDetected", "triage", days=9)
    tool, theirs = ended(office, ANN, "ToolFailed", "triage", "refunds"), ended(office, BOB)
    good = ended(office, ANN, "", "refunds")
    office.start(ANN)
    assert found(office, workflow="support") == [good, theirs, tool, old]
    assert found(office, workflow="batch") == []
    assert found(office, error="ToolFailed") == [theirs, tool]
    assert found(office, kind="loop") == [old]
    assert found(office, agent="refunds") == [good, tool]
    assert found(office, EVE, "failed", agent="refunds") == [tool]
    assert found(office, until="2025-11-20") == [old]
    assert found(office, since="2025-11-20") == [good, theirs, tool]


def test_whoever_searches_finds_what_a_list_would_show(office: Any) -> None:
    mine, theirs, foreign = ended(office), ended(office, BOB), ended(office, FOREIGN)
    for who, runs in ((ANN, [mine]), (BOB, [theirs]), (EVE, [theirs, mine]), (FOREIGN, [foreign])):
        assert found(office, who, error="ToolFailed") == runs
    with pytest.raises(Problem) as caught:
        found(office, NOBODY, error="ToolFailed")
    assert caught.value.kind is Kind.FORBIDDEN


def test_a_summary_shows_nobody_a_run_that_is_not_theirs(office: Any) -> None:
    run = ended(office, BOB)
    office.summaries.put(
        Summary(tenant="acme", run=run, workflow="support", submitter="ann", status="failed", created=0, ended=office.clock())
    )
    assert found(office, ANN, workflow="support") == []


def test_without_criteria_it_is_the_list_as_it_was(office: Any) -> None:
    ended(office)
    goes = office.start(ANN)
    office.summaries = None
    for status in (None, "running"):
        plain = reading.listing(EVE, office.ports, limit=9, status=status)
        assert search(Criteria(), EVE, office.ports, limit=9, status=status) == plain
    assert goes in found(office)


def test_what_goes_on_is_found_in_the_exact_list(office: Any) -> None:
    run, other = office.start(ANN), office.start(ANN)
    part = {"main": Part(agents=("triage",))}
    office.summaries.put(summary(office.runs.get("acme", run), part))
    ended(office, ANN, "ToolFailed", "triage")
    assert found(office, EVE, "running", workflow="support") == [other, run]
    assert found(office, EVE, "running", workflow="batch") == []
    assert found(office, EVE, "running", agent="triage") == [run]
    assert found(office, EVE, "running", error="ToolFailed") == found(office, EVE, "running", since="2025-01-01") == []
    everywhere = search(Criteria(agent="triage"), PLATFORM, office.ports, limit=9, status="running", everybody=True)
    assert [one.run for one, _ in everywhere.runs] == [run]


def test_what_was_flagged_is_found_and_said(office: Any) -> None:
    dear, long, _ = ended(office), ended(office, ANN, ""), ended(office)
    office.summaries.flag("acme", dear, "cost")
    office.summaries.flag("acme", dear, "steps")
    office.summaries.flag("acme", long, "steps")
    assert found(office, flagged="any") == found(office, flagged="steps") == [long, dear]
    assert found(office, flagged="cost") == [dear]
    assert found(office, EVE, "failed", flagged="any") == [dear]
    page = search(Criteria(workflow="support"), EVE, office.ports, limit=9)
    assert {run: ways for (_, run), ways in page.flagged.items() if ways} == {dear: ("cost", "steps"), long: ("steps",)}


def test_what_is_flagged_while_it_goes_on_is_found_in_the_exact_list(office: Any) -> None:
    run, calm, _ = office.start(ANN), office.start(ANN), office.start(ANN)
    for one in (run, calm):
        office.summaries.put(summary(office.runs.get("acme", one), {"main": Part(agents=("triage",))}))
    office.summaries.flag("acme", run, "cost")
    assert found(office, EVE, "running", flagged="any") == found(office, EVE, "running", flagged="cost", agent="triage") == [run]
    assert found(office, EVE, "running", flagged="steps") == found(office, BOB, "running", flagged="any") == []
    everywhere = search(Criteria(flagged="any"), PLATFORM, office.ports, limit=9, everybody=True)
    assert ([one.run for one, _ in everywhere.runs], everywhere.flagged["acme", run]) == ([run], ("cost",))


def test_a_run_that_goes_on_again_is_not_told_as_it_ended(office: Any) -> None:
    run = ended(office)
    office.runs.restart("acme", run, attempt=1, at=office.clock(), execution="e")
    assert found(office, EVE, "failed", error="ToolFailed") == []


@pytest.mark.parametrize("cursor", ["abc", "000000000000001.run/1"])
def test_a_cursor_of_somebodys_own_making_is_named(office: Any, cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        search(Criteria(workflow="support"), EVE, office.ports, limit=3, cursor=cursor)
    assert (caught.value.kind, caught.value.errors[0].field) == (Kind.NOT_FOUND, "cursor")


@pytest.mark.parametrize("field", ["from", "to"])
def test_what_is_no_day_is_named(office: Any, field: str) -> None:
    named = {"since" if field == "from" else "until": "2026-02-30"}
    with pytest.raises(Problem) as caught:
        found(office, EVE, **named)
    assert (caught.value.kind, caught.value.errors[0].field) == (Kind.INVALID, field)


def test_failures_are_counted_with_examples(office: Any) -> None:
    runs = [ended(office, ANN, "ToolFailed", "refunds") for _ in range(3)]
    ended(office, ANN, "", "refunds")
    loop = ended(office, ANN, "LoopDetected", "triage", days=USUAL - 1)
    ended(office, ANN, "LoopDetected", "triage", days=USUAL + 1)
    office.start(ANN)
    shown = failing.failures("", "", "", EVE, office.ports)
    assert [(one.kind, one.error, one.agent, one.count, one.cost, one.runs) for one in shown.groups] == [
        ("tool", "ToolFailed", "refunds", 3, 9, tuple(runs[::-1])),
        ("loop", "LoopDetected", "triage", 1, 3, (loop,)),
    ]
    assert (shown.count, shown.counted_from, (shown.until - shown.since).days) == (4, None, USUAL - 1)
    assert failing.failures("", "", "batch", EVE, office.ports).groups == ()
    assert failing.failures("2025-01-01", "2025-01-02", "", EVE, office.ports).groups == ()


def test_each_sees_the_failures_of_runs_that_they_see(office: Any) -> None:
    ended(office)
    ended(office, BOB)
    ended(office, FOREIGN)
    counts = {who.subject + who.tenant: failing.failures("", "", "", who, office.ports).count for who in (ANN, BOB, EVE, FOREIGN)}
    assert counts == {"annacme": 1, "bobacme": 1, "eveacme": 2, "annother": 1}
    with pytest.raises(Problem) as caught:
        failing.failures("", "", "", NOBODY, office.ports)
    assert caught.value.kind is Kind.FORBIDDEN


def test_what_is_too_much_for_one_answer_is_said(office: Any) -> None:
    one = Summary(tenant="acme", run="", workflow="support", submitter="ann", status="failed", kind="tool", created=0)
    many = failing.READ * failing.PAGE
    for number in range(many + 1):
        office.summaries.put(replace(one, run=f"run-{number}", ended=office.clock() - number))
    shown = failing.failures("", "", "", EVE, office.ports)
    (group,) = shown.groups
    assert (shown.count, shown.counted_from) == (many, group.first)


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [("2026-02-30", "", "from"), ("", "2026-13-01", "to"), ("2025-11-22", "2025-11-21", "from"), ("2025-01-01", "2025-12-31", "from")],
)
def test_days_that_cannot_be_asked_for(office: Any, since: str, until: str, field: str) -> None:
    with pytest.raises(Problem) as caught:
        failing.failures(since, until, "", EVE, office.ports)
    assert (caught.value.kind, caught.value.errors[0].field) == (Kind.INVALID, field)


def test_as_many_days_as_may_be_asked_for_and_no_more(office: Any) -> None:
    shown = failing.failures("2025-01-01", "2025-04-02", "", EVE, office.ports)
    assert (shown.until - shown.since).days + 1 == DAYS
    with pytest.raises(Problem):
        failing.failures("2025-01-01", "2025-04-03", "", EVE, office.ports)


def test_kinds_are_those_of_the_errors(office: Any) -> None:
    ended(office, ANN, "BudgetExhausted")
    (group,) = failing.failures("", "", "", EVE, office.ports).groups
    assert group.kind == kind("BudgetExhausted") == "budget"
