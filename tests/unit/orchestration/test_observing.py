"""What stands is told each minute, 0 included."""

from collections import Counter
from collections.abc import Set as AbstractSet
from typing import Any

from septet.core.runs import Run
from septet.local.observing import MemoryMeter
from septet.observability.measures import METRICS
from septet.orchestration.observing import Observer
from tests.unit.integration.conftest import Office

GAUGES = {"RunsOpen", "ApprovalsWaiting", "ApprovalAge", "QueueAge", "BreakersOpen"}


def told(office: Office, sick: AbstractSet[str] = frozenset()) -> dict[tuple[str, ...], float]:
    meter = MemoryMeter()
    observer = Observer(
        ledger=office.ledger,
        runs=office.runs,
        approvals=office.approvals,
        inquiries=office.inquiries,
        models=("m-1", "m-2"),
        sick=lambda asked: sick & set(asked),
        meter=meter,
        clock=office.clock,
    )
    found = observer.observe()
    assert meter.measures == list(found)
    assert all(tuple(one.dimensions) == METRICS[one.metric].dimensions and one.at == office.clock.now for one in found)
    assert {one.metric for one in found} == GAUGES
    assert max(Counter((one.metric, *one.dimensions.values()) for one in found).values()) == 1
    return {(one.metric, *one.dimensions.values()): one.value for one in found}


def test_nothing_is_told_as_nothing() -> None:
    assert set(told(Office()).values()) == {0.0}


def test_open_runs_and_questions_are_counted_and_the_oldest_question_timed() -> None:
    office = Office()
    first, second = office.start(), office.start()
    office.ask(first)
    office.clock.now += 60_000
    office.ask(second)
    office.clock.now += 1_000
    found = told(office)
    assert (found["RunsOpen",], found["ApprovalsWaiting",], found["ApprovalAge",]) == (2, 2, 61_000)


def test_a_question_of_a_run_that_is_over_or_whose_time_has_passed_waits_for_nobody() -> None:
    office = Office()
    over, late = office.start(), office.start()
    office.ask(over)
    office.ledger.close("acme", over)
    office.ask(late, seconds=5)
    office.clock.now += 6_000
    found = told(office)
    assert (found["RunsOpen",], found["ApprovalsWaiting",], found["ApprovalAge",]) == (1, 0, 0)


def test_a_question_of_a_cancelled_run_waits_for_nobody_as_people_are_shown_it() -> None:
    office = Office()
    cancelled, other = office.start(), office.start()
    office.ask(cancelled)
    office.clock.now += 5_000
    office.ask(other)
    assert office.runs.cancel("acme", cancelled, by="ada", reason="")
    office.clock.now += 1_000
    found = told(office)
    assert (found["RunsOpen",], found["ApprovalsWaiting",], found["ApprovalAge",]) == (2, 1, 1_000)


class Counted:
    """A double that counts what is read of it."""

    def __init__(self, of: Any) -> None:
        self._of = of
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._of, name)

        def reading(*given: Any, **more: Any) -> Any:
            found = asked(*given, **more)
            if isinstance(found, dict | Run):
                self.read += len(found) if isinstance(found, dict) else 1
                return found
            found = list(found)
            self.read += len(list(asked(*given)) if "status" in more else found)  # what is left out afterwards is read all the same
            return iter(found)

        return reading


def read(office: Any, *, over: int) -> int:
    """Items that are read when two runs are open, each with a question, after so many that are *over*."""
    for _ in range(over):
        run = office.start()
        question = office.ask(run)
        office.approvals.decide("acme", question.approval, status="approved", by="boss", reason="", at=office.clock())
        office.approvals.delivered("acme", question.approval)
        office.ledger.close("acme", run)
    for _ in range(2):
        office.ask(office.start())
    counted = {name: Counted(getattr(office, name)) for name in ("ledger", "runs", "approvals", "inquiries")}
    found = Observer(models=(), sick=lambda _: set(), meter=MemoryMeter(), clock=office.clock, **counted).observe()
    assert next(one.value for one in found if one.metric == "ApprovalsWaiting") == 2
    return sum(one.read for one in counted.values())


def test_what_is_read_grows_with_what_is_open_and_not_with_what_there_has_been() -> None:
    assert read(Office(), over=100) == read(Office(), over=1)


def test_what_waits_to_be_delivered_is_timed_from_its_decision() -> None:
    office: Any = Office()
    run = office.start()
    question = office.ask(run)
    office.approvals.decide("acme", question.approval, status="approved", by="boss", reason="", at=office.clock())
    asked = office.inquire(run)
    office.clock.now += 2_000
    office.inquiries.end("acme", asked.inquiry, outcome="answered", at=office.clock(), by="s", answer={"days": 1})
    office.clock.now += 3_000
    found = told(office)
    assert (found["QueueAge", "decisions"], found["QueueAge", "answers"]) == (5_000, 3_000)


def test_a_model_that_is_taken_out_is_told_by_its_name() -> None:
    found = told(Office(), frozenset({"m-2"}))
    assert (found["BreakersOpen", "m-1"], found["BreakersOpen", "m-2"]) == (0, 1)
