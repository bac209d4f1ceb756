"""Erasing as administrators order it: who, what first, and what is left when it breaks off."""

from __future__ import annotations

from copy import replace
from itertools import count
from typing import Any

import pytest

from septet.core.entries import Answer, Erased, ErasureOrdered, ModelReply
from septet.core.errors import Fenced
from septet.core.journal import Branch, verify
from septet.integration.erasing import ATTEMPTS, LINGERS, SLICE, Wanted, erase, record
from septet.integration.problems import Kind, Problem
from septet.integration.reading import report
from septet.integration.submitting import Submission, submit
from septet.local.erasing import LocalEraser, MemoryContents
from septet.orchestration.erasing import Eraser
from septet.security.approvals import Approval
from septet.security.erased import QUOTING, blank
from tests.unit.integration.conftest import Office, principal
from tests.unit.perils import Fuse, Killed, Perilous

ADMIN = principal("root", "admin")
SECRET = "where is it?"


def ended(office: Office, status: Any = "succeeded", **rest: Any) -> str:
    """A run of ann's that is over, with a question that quotes it."""
    run = office.start(**rest)
    office.ask(run)
    office.write(run, ModelReply(model="m", text=SECRET, calls=(), stop="end"), Answer(value=SECRET))
    office.end(run, status)
    office.clock.now += 10
    return run


def of(run: str) -> Wanted:
    return Wanted(of="run", subject=run)


def bodies(office: Office, run: str) -> list[str]:
    return [entry.body.type for entry in office.journal.read(Branch(tenant="acme", run=run))]


def orders(office: Office) -> list[ErasureOrdered]:
    return [entry.body for entry in office.journal.read(record("acme"))]


def test_who_had_it_erased_is_recorded_without_content(office: Office) -> None:
    run = ended(office)
    done = erase(of(run), ADMIN, office.ports)
    assert (done.erased, done.kept, done.more) == ((run,), {}, False)
    assert orders(office) == [ErasureOrdered(erasure=done.erasure, of="run", subject=run, runs=(run,), by="root")]
    assert set(bodies(office, run)) == {"erased"}
    assert verify(office.journal.read(record("acme"))) == []


def test_the_order_is_written_before_anything_is_erased(office: Office) -> None:
    class Refuses:
        def erase(self, _: str, runs: Any) -> Any:
            assert [order.runs for order in orders(office)] == [tuple(runs)]
            raise Killed

    run = ended(office)
    with pytest.raises(Killed):
        erase(of(run), ADMIN, replace(office.ports, eraser=Refuses()))
    assert "erased" not in bodies(office, run)


def test_an_erased_run_answers_sensibly(office: Office) -> None:
    run = ended(office)
    erase(of(run), ADMIN, office.ports)
    found = report(run, principal(), office.ports)
    assert (found.status, found.summary.answer, found.run.erased_at) == ("succeeded", None, office.clock())
    assert found.run.message == ""
    (question,) = office.approvals.listed("acme")
    assert SECRET not in str(question)


def test_erasing_twice_is_the_same_and_orders_nothing_more(office: Office) -> None:
    run = ended(office)
    erase(of(run), ADMIN, office.ports)
    again = erase(of(run), ADMIN, office.ports)
    assert (again.erased, again.more) == ((), False)
    assert len(orders(office)) == 1


def test_a_run_that_goes_on_is_kept(office: Office) -> None:
    run = office.start()
    done = erase(of(run), ADMIN, office.ports)
    assert (done.erased, done.kept) == ((), {run: "it is running"})
    assert "erased" not in bodies(office, run)
    assert orders(office) == []


@pytest.mark.parametrize("status", ["failed", "stopped", "timed_out"])
def test_a_run_that_was_ended_is_kept_until_nobody_can_write_into_it(office: Office, status: str) -> None:
    run = ended(office, status)
    assert list(erase(of(run), ADMIN, office.ports).kept) == [run]
    office.clock.now += LINGERS
    assert erase(of(run), ADMIN, office.ports).erased == (run,)


def test_the_eraser_itself_touches_no_run_that_goes_on(office: Office) -> None:
    run = office.start()
    assert office.eraser.erase("acme", [run]) == (run,)
    assert office.eraser.erase("acme", ["run-there-is-not"]) == ()
    assert "erased" not in bodies(office, run)


def test_a_run_that_was_erased_cannot_be_submitted_again_under_its_key(office: Office) -> None:
    run = ended(office, key="k-1")
    erase(of(run), ADMIN, office.ports)
    with pytest.raises(Problem, match="was used before with another body"):
        submit(Submission(workflow="support", input={"message": SECRET}, key="k-1"), principal(), office.ports)


def test_slice_by_slice_to_the_end(office: Office) -> None:
    runs = {ended(office) for _ in range(2 * SLICE + 1)}
    others = ended(office, who=principal("bob"))
    wanted = Wanted(of="person", subject="ann")
    erased, done = set(), erase(wanted, ADMIN, office.ports)
    while True:
        erased |= set(done.erased)
        assert len(done.erased) <= SLICE
        if not done.more:
            break
        done = erase(wanted, ADMIN, office.ports, erasure=done.erasure, cursor=done.next)
    assert erased == runs
    assert "erased" not in bodies(office, others)
    assert len({order.erasure for order in orders(office)}) == 1


@pytest.mark.parametrize(
    ("wanted", "cursor"),
    [
        (Wanted(of="run", subject="run-0000000000000000000000000a"), None),
        (Wanted(of="run", subject="../../erasures"), None),
        (Wanted(of="tenant", subject="other"), None),
        (Wanted(of="person", subject="ann"), "made up"),
    ],
)
def test_what_is_not_there_is_said(office: Office, wanted: Wanted, cursor: str | None) -> None:
    with pytest.raises(Problem) as caught:
        erase(wanted, ADMIN, office.ports, cursor=cursor)
    assert caught.value.kind is Kind.NOT_FOUND


def test_another_tenant_s_run_is_not_there(office: Office) -> None:
    run = ended(office)
    with pytest.raises(Problem) as caught:
        erase(of(run), principal("root", "admin", tenant="other"), office.ports)
    assert caught.value.kind is Kind.NOT_FOUND


@pytest.mark.parametrize("roles", [("submitter",), ("approver", "operator", "auditor", "submitter")])
def test_only_an_administrator_may(office: Office, roles: tuple[str, ...]) -> None:
    run = ended(office)
    with pytest.raises(Problem) as caught:
        erase(of(run), principal("ann", *roles), office.ports)
    assert caught.value.kind is Kind.FORBIDDEN


def test_others_that_order_at_the_same_moment_are_waited_for_some_time(office: Office) -> None:
    run = ended(office)

    class Busy:
        asked = 0

        def append(self, *_: Any, **__: Any) -> None:
            self.asked += 1
            raise Fenced("somebody was quicker")

    busy = Busy()
    with pytest.raises(Problem) as caught:
        erase(of(run), ADMIN, replace(office.ports, journal=busy))
    assert (caught.value.kind, busy.asked) == (Kind.CONFLICT, ATTEMPTS)
    assert "erased" not in bodies(office, run)


def test_a_crash_anywhere_is_made_good_by_asking_again() -> None:
    for at in count():
        office = Office()
        runs = [ended(office), ended(office)]
        fuse = Fuse(at=at)
        contents: Any = Perilous(MemoryContents(journal=office.journal, runs=office.runs, approved=office.approvals), fuse)
        eraser = LocalEraser(eraser=Eraser(contents=contents, runs=office.runs, clock=office.clock))
        ports = replace(office.ports, eraser=eraser, journal=Perilous(office.journal, fuse), heads=Perilous(office.journal, fuse))
        wanted, broke = Wanted(of="tenant", subject="acme"), False
        try:
            erase(wanted, ADMIN, ports)
        except Killed:
            broke = True
        for run in runs:
            entries = list(office.journal.read(Branch(tenant="acme", run=run)))
            assert verify(entries, erasure=True) == []
            gone = any(isinstance(entry.body, Erased) for entry in entries)
            assert not gone or any(run in order.runs for order in orders(office)), "erased without an order"
            noted = office.runs.records["acme", run].erased_at is not None
            assert not noted or all(isinstance(entry.body, Erased) for entry in entries), "noted before it was done"
        erase(wanted, ADMIN, office.ports)
        assert SECRET not in str([list(office.journal.read(Branch(tenant="acme", run=run))) for run in runs])
        assert SECRET not in str(office.approvals.listed("acme"))
        assert all(record.erased_at for record in office.runs.records.values())
        if not broke:
            assert at > 10, "the fuse never went off"
            return


def test_every_field_of_a_question_is_known_to_quote_or_not() -> None:
    """A new field fails here until somebody decides whether an erasure has to blank it."""
    quiet = {"tenant", "approval", "run", "turn", "tool", "asked_by", "asked_at", "expires_at", "roles", "approvers", "escalates_at"}
    quiet |= {"escalate_to", "escalated", "status", "decided_by", "decided_at", "used_at", "used_for", "token", "delivered", "labels"}
    quiet |= {"submitter", "workflow", "path", "attempt"}
    assert set(Approval.__annotations__) == quiet | set(QUOTING)


def test_why_an_approved_call_was_not_made_is_erased_as_well(office: Any) -> None:
    assert blank(replace(office.ask(office.start()), refused=f"denied: {SECRET}")).refused == ""
