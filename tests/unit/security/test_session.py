"""A monitor's state: the same through JSON, no better where branches merge, and work that does not grow with the run."""

import json
import sys
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.security.labels import Label
from septet.security.monitor import Decision, Monitor
from septet.security.records import Reading, Record, Records
from tests.unit.security.office import ANA, EVE, IBAN, NOW, TOOLS, Office

some: Callable[[Any], Any] = settings(deadline=None, max_examples=20)
"""Each example is a whole run or two."""

REQUEST = f"Mail {ANA} 'hello you', pay 40 to {IBAN}, delete 'plans.txt' and document 13, and share 'list.txt' with Ana Lopez"
NAMES = st.sampled_from(["plans.txt", "list.txt", "Ana Lopez", "other"])
MAILS = st.sampled_from([ANA, EVE, "bo@shop.example"])
NUMBERS = st.integers(12, 15)
DOCUMENT = st.fixed_dictionaries({"id": NUMBERS, "name": NAMES, "size": st.integers(0, 9), "text": MAILS})
PERSON = st.fixed_dictionaries({"number": NUMBERS, "name": NAMES, "email": MAILS, "pin": st.sampled_from([None, "7731"]), "note": MAILS})
LETTER = st.fixed_dictionaries({"id": NUMBERS, "sender": MAILS, "copies": st.lists(MAILS, max_size=2), "text": NAMES})
PAYMENT = st.fixed_dictionaries({"id": NUMBERS, "account": st.just(IBAN), "cost": st.sampled_from([10, 12.5, 40])})
Step = tuple[str, dict[str, Any], Any]


def reads(tool: str, item: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(tool), st.just({}), st.lists(item, max_size=3))


STEPS = st.lists(
    reads("find_documents", DOCUMENT)
    | reads("find_people", PERSON)
    | reads("read_letters", LETTER)
    | reads("read_ledger", PAYMENT)
    | st.tuples(st.just("write"), st.fixed_dictionaries({"name": NAMES, "text": MAILS}), DOCUMENT)
    | st.tuples(st.just("note_person"), st.fixed_dictionaries({"name": NAMES, "email": MAILS}), PERSON)
    | st.tuples(st.just("pay"), st.just({"account": IBAN, "amount": 40}), st.none()),
    max_size=6,
)
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("mail", {"to": [to], "text": text}) for to in (ANA, EVE, "bo@shop.example") for text in ("hello you", "7731")),
    *((tool, {"document": number, "text": "more"}) for tool in ("destroy", "extend") for number in (12, 13, 14)),
    *(("pay", {"account": IBAN, "amount": amount}) for amount in (40, 10, 11)),
    *(("share", {"document": number, "who": who}) for number in (13, 14) for who in (ANA, EVE)),
    ("find_people", {}),
)
OUTCOMES = ("allow", "ask", "deny")


def played(steps: list[Step], office: Office | None = None) -> Office:
    found = office or Office(REQUEST)
    for tool, arguments, result in steps:
        found.read(tool, result, **arguments)
    return found


def decisions(monitor: Monitor) -> list[Decision]:
    return [monitor.decide(tool, arguments, now=NOW + 10_000) for tool, arguments in CALLS]


def through_json(monitor: Monitor) -> Monitor:
    return monitor.resumed(json.loads(json.dumps(monitor.state())))


@some
@given(STEPS)
def test_a_state_that_went_through_json_is_the_live_one(steps: list[Step]) -> None:
    live = played(steps).monitor
    restored = through_json(live)
    assert restored.state() == live.state()
    assert decisions(restored) == decisions(live)


@some
@given(STEPS, STEPS)
def test_serialising_in_the_middle_changes_no_decision(first: list[Step], second: list[Step]) -> None:
    whole = played([*first, *second])
    broken = played(first)
    broken.monitor = through_json(broken.monitor)
    played(second, broken)
    assert decisions(broken.monitor) == decisions(whole.monitor)
    assert broken.monitor.state() == whole.monitor.state()


def test_a_state_holds_no_text_but_the_declared_fields_of_records() -> None:
    office = Office(REQUEST)
    office.read("find_people", [{"number": 1, "name": "Ana Lopez", "email": ANA, "pin": "7731", "note": "something private"}])
    office.read("write", {"id": 1}, name="list.txt", text="a long draft of words")
    state = json.dumps(office.monitor.state())
    assert "Ana Lopez" in state
    assert not [text for text in ("something private", "long draft", "hello you", "list.txt", IBAN) if text in state]


def test_a_state_of_another_version_is_refused() -> None:
    monitor = Office(REQUEST).monitor
    with pytest.raises(ValueError, match="version 0"):
        monitor.resumed(monitor.state() | {"version": 0})


def branches(first: list[Step], second: list[Step], common: list[Step]) -> tuple[Office, Office]:
    """Two branches of one run, each at its own numbers."""
    start = played(common)
    one, other = Office(REQUEST), Office(REQUEST)
    one.monitor, other.monitor = start.monitor.resumed(start.monitor.state()), start.monitor.resumed(start.monitor.state())
    one.number, other.number = 100, 200
    return played(first, one), played(second, other)


@some
@given(STEPS, STEPS, STEPS)
def test_where_branches_merge_the_order_makes_no_difference(first: list[Step], second: list[Step], common: list[Step]) -> None:
    one, other = branches(first, second, common)
    assert decisions(one.monitor.joined(other.monitor)) == decisions(other.monitor.joined(one.monitor))


@some
@given(STEPS)
def test_a_branch_that_merges_with_itself_knows_what_it_knew(steps: list[Step]) -> None:
    monitor = played(steps).monitor
    twice = monitor.joined(monitor)
    assert twice._session.joined(monitor._session).state() == twice._session.state()
    assert [it.labels for it in decisions(twice)] == [it.labels for it in decisions(monitor)]


@some
@given(STEPS, STEPS, STEPS)
def test_what_both_branches_know_is_no_better_where_they_merge(first: list[Step], second: list[Step], common: list[Step]) -> None:
    one, other = branches(first, second, common)
    merged = one.monitor.joined(other.monitor)
    for now, left, right in zip(decisions(merged), decisions(one.monitor), decisions(other.monitor), strict=True):
        best = min(OUTCOMES.index(left.outcome), OUTCOMES.index(right.outcome))
        assert OUTCOMES.index(now.outcome) >= best
        assert all(label >= min(left.labels[path], right.labels[path]) for path, label in now.labels.items())


def test_confidentiality_of_either_branch_is_that_of_both() -> None:
    one, other = Office(REQUEST), Office(REQUEST)
    other.read("find_people", [{"number": 1, "name": "Ana Lopez", "email": ANA, "pin": "7731", "note": ""}])
    merged = one.monitor.joined(other.monitor)
    assert one.outcome("mail", to=[ANA], text="7731") == "allow"
    assert "secret-in-call" in merged.decide("mail", {"to": [ANA], "text": "7731"}, now=NOW).policies
    assert "secret-in-session" in merged.decide("mail", {"to": [ANA], "text": "Nzcz MQ=="}, now=NOW).policies


def test_what_one_branch_wrote_stays_tainted_for_the_other() -> None:
    one, other = Office(REQUEST), Office(REQUEST)
    one.read("note_person", {"number": 7, "name": "Ana Lopez"}, name="Ana Lopez", email=EVE)
    both = Office(REQUEST)
    both.monitor = other.monitor.joined(one.monitor)
    both.read("find_people", [{"number": 7, "name": "Ana Lopez", "email": EVE, "pin": None, "note": ""}])
    assert both.asks("mail", to=[EVE], text="hello you").labels["to[]"] is Label.UNKNOWN


def test_a_use_in_either_branch_counts_in_both() -> None:
    one, other = Office(REQUEST), Office(REQUEST)
    call = {"account": IBAN, "amount": 40}
    one.monitor.intended("pay", call, NOW)
    assert other.outcome("pay", **call) == "allow"
    assert "effect-again" in other.monitor.joined(one.monitor).decide("pay", call, now=NOW).policies


def reading(kind: str, key: str, number: int, **marks: bool) -> Reading:
    record = Record(kind=kind, key=key, fields={}, owner="", source="")
    return Reading(record=record, number=number, key=Label.RECORD, held={"v": int(Label.RECORD)}, marks=dict(marks))


def test_the_newest_reading_of_a_record_stands() -> None:
    records = Records()
    records.put(reading("a", "1", 1, name=True))
    records.put(reading("a", "2", 2, name=True))
    assert records.ambiguous(records.readings["a", "1"])
    records.put(reading("a", "2", 3, other=True))
    assert records.readings["a", "2"].number == 3
    assert records.picks(records.readings["a", "2"]) == ["other"]
    assert len(list(records.holders("v"))) == 2


def test_a_reading_that_shows_less_of_a_record_takes_no_ambiguity_away() -> None:
    records = Records()
    records.put(reading("a", "1", 1, name=True))
    records.put(reading("a", "2", 2, name=True))
    records.put(reading("a", "2", 3))
    assert records.ambiguous(records.readings["a", "1"])
    assert records.picks(records.readings["a", "1"]) == []


def test_two_records_of_one_key_in_one_result_are_picked_by_nothing() -> None:
    records = Records()
    first, second = reading("a", "1", 1, name=True), reading("a", "1", 1, name=True)
    second.held = {"w": int(Label.RECORD)}
    records.put(first)
    records.put(second)
    assert records.ambiguous(records.readings["a", "1"])
    assert Records.restored(records.state()).ambiguous(records.readings["a", "1"])
    assert records.vouches(records.readings["a", "1"]) == []


def test_a_mention_may_fit_one_record_of_each_kind() -> None:
    records = Records()
    records.put(reading("a", "1", 1, name=True))
    records.put(reading("b", "1", 1, name=True))
    assert records.picks(records.readings["a", "1"]) == ["name"]


def test_a_step_costs_the_same_however_long_the_run() -> None:
    """Counted in Python calls: a thousand calls of fifty values each, the last no dearer than the fiftieth."""
    office = Office(REQUEST)
    counts = {}
    for number in range(1_000):
        items = [
            {
                "id": number * 10 + each,
                "name": f"name {number} {each}",
                "size": each,
                "text": f"t{number}x{each}@else.example",
                "more": each,
            }
            for each in range(10)
        ]
        step = partial(office.read, "find_documents", items)
        counts[number] = calls_of(step) if number % 100 == 99 else bool(step())
    assert counts[999] <= 1.2 * counts[99]
    assert calls_of(partial(office.asks, "destroy", document=13)) < 3_000
    state = office.monitor.state()
    assert through_json(office.monitor).state() == state
    assert len(office.monitor._session.records.readings) == 10_000


def calls_of(work: Callable[[], Any]) -> int:
    """Python functions that *work* calls."""
    count = 0

    def heard(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(heard)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_a_decision_changes_nothing() -> None:
    office = Office(REQUEST)
    office.read("find_documents", [{"id": 13, "name": "plans.txt", "size": 1}])
    before = deepcopy(office.monitor.state())
    decisions(office.monitor)
    assert office.monitor.state() == before
    assert set(TOOLS) >= {tool for tool, _ in CALLS}
