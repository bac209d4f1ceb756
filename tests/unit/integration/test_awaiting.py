"""Waiting for a journal to go on: at most so long, no longer than is needed, and looked for once a second."""

from __future__ import annotations

from typing import Any

import pytest

from septet.core.entries import Answer
from septet.integration.awaiting import LONGEST, PAUSE, RESERVE, awaited
from septet.integration.ports import Principal
from septet.integration.problems import Problem
from septet.integration.reading import Part

ANN = Principal(tenant="acme", subject="ann", roles=frozenset({"submitter"}))
EVE = Principal(tenant="acme", subject="eve", roles=frozenset({"submitter"}))
ALL = 28_000
"""Milliseconds that the function has."""


def look(office: Any, run: str, seconds: int, *, after: int = 0, left: int = ALL) -> list[int]:
    """The numbers of the entries that are found; what is left goes down as the clock goes on."""
    end = office.clock.now + left
    found = awaited(run, ANN, office.ports, part=Part(after=after), seconds=seconds, left=lambda: end - office.clock.now)
    return [entry.number for entry in found.entries]


def test_what_is_there_is_answered_at_once(office: Any) -> None:
    run = office.start()
    assert look(office, run, 10, after=-1) == [0]
    assert office.clock.pauses == 0


def test_nobody_waits_who_does_not_ask_for_it(office: Any) -> None:
    assert look(office, office.start(), 0) == []
    assert office.clock.pauses == 0


def test_an_entry_is_answered_as_soon_as_it_is_there(office: Any) -> None:
    run = office.start()
    office.clock.during[3] = lambda: office.write(run, Answer(value="done"))
    assert look(office, run, 10) == [1]
    assert office.clock.pauses == 3


def test_the_end_of_the_run_is_answered_as_soon_as_it_is_known_with_its_last_entries(office: Any) -> None:
    run = office.start()
    office.clock.during[2] = lambda: office.runs.close("acme", run, status="succeeded", ended_at=office.clock.now)
    assert look(office, run, 10) == []
    assert office.clock.pauses == 2


def test_a_wait_is_as_long_as_was_asked_for_and_looks_once_a_second(office: Any) -> None:
    run = office.start()
    assert look(office, run, 5) == []
    assert (office.clock.pauses, PAUSE) == (5, 1_000)


@pytest.mark.parametrize("left", [ALL, 9_000, RESERVE + PAUSE, 0])
def test_the_functions_own_time_is_never_used_up(office: Any, left: int) -> None:
    run = office.start()
    began = office.clock.now
    assert look(office, run, 10_000, left=left) == []
    assert office.clock.now - began <= min(LONGEST * 1000, max(0, left - RESERVE))


def test_who_may_not_read_the_journal_does_not_wait_for_it(office: Any) -> None:
    run = office.start()
    with pytest.raises(Problem):
        awaited(run, EVE, office.ports, part=Part(after=0), seconds=5, left=lambda: ALL)
    assert office.clock.pauses == 0
