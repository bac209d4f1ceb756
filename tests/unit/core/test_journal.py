import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from septet.core.entries import Answer, Body, Entry, Note
from septet.core.errors import Fenced, InputRejected
from septet.core.journal import Branch, Head, Pen, after, from_json, to_json, verify
from septet.core.money import Usage
from septet.local.journal import MemoryJournal
from tests.unit.strategies import bodies, branches, quick

BRANCH = Branch(tenant="acme", run="run-1")


def pen(journal: MemoryJournal, head: Head | None = None, **more: Any) -> Pen:
    return Pen(journal=journal, branch=BRANCH, clock=lambda: 1_000, head=head or Head(), **more)


@quick
@given(branches())
def test_a_branch_written_by_a_pen_verifies_and_comes_back_from_json(entries: list[Entry]) -> None:
    assert verify(entries) == []
    assert [from_json(json.loads(json.dumps(to_json(entry)))) for entry in entries] == entries


@quick
@given(branches(least=2), st.data())
def test_a_removed_entry_is_found(entries: list[Entry], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 2))
    assert verify(entries[:place] + entries[place + 1 :])


def test_a_removed_end_shows_in_the_head() -> None:
    journal = MemoryJournal()
    for text in "abc":
        pen(journal, after(journal.read(BRANCH))).write(Note(kind="repair", text=text))
    entries = list(journal.read(BRANCH))
    assert verify(entries[:-1]) == [], "what is left is a branch in itself"
    assert after(entries[:-1]) != after(entries), "so whoever keeps the head, as agent and gateway do, notices"


@quick
@given(branches(least=2), st.data())
def test_a_reordered_entry_is_found(entries: list[Entry], data: st.DataObject) -> None:
    one, other = data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=2, max_size=2, unique=True))
    entries[one], entries[other] = entries[other], entries[one]
    assert verify(entries)


@quick
@given(branches(), bodies, st.data())
def test_a_changed_body_is_found(entries: list[Entry], body: Body, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(entries) - 1))
    changed = replace(entries[place], body=body)
    assume(to_json(changed) != to_json(entries[place]))
    assert f"the body of entry {place} was changed" in verify([*entries[:place], changed, *entries[place + 1 :]])


CHANGES: dict[str, Any] = {
    "at": 7,
    "agent": "somebody else",
    "turn": "another turn",
    "bundle": "another bundle",
    "usage": Usage(input=1, output=3),
    "cost": 2,
    "labels": {"value": "record"},
    "salt": "0" * 32,
    "digest": "0" * 64,
    "previous": "0" * 64,
    "hash": "0" * 64,
    "number": 5,
}


@pytest.mark.parametrize("field", CHANGES)
def test_every_field_of_an_entry_is_covered(field: str) -> None:
    journal = MemoryJournal()
    writing = pen(journal, agent="writer", turn="writer", bundle="b1")
    for value in (1, 2, 3):
        writing.write(Answer(value=value), usage=Usage(input=1, output=2), cost=1, labels={"value": "unknown"})
    entries = list(journal.read(BRANCH))
    entries[1] = replace(entries[1], **{field: CHANGES[field]})
    assert verify(entries)


def test_an_entry_of_another_branch_does_not_fit_in() -> None:
    mine, other = MemoryJournal(), MemoryJournal()
    for journal in (mine, other):
        writing = pen(journal)
        writing.write(Answer(value=1))
        writing.write(Answer(value=2))
    entries = list(mine.read(BRANCH))
    assert verify([entries[0], list(other.read(BRANCH))[1]]) == ["entry 1 does not follow the entry before it"]


def test_a_gap_in_the_numbers_is_found_though_the_chain_holds() -> None:
    journal = MemoryJournal()
    entries = [pen(journal).write(Answer(value=1))]
    elsewhere: Any = SimpleNamespace(append=lambda *_, **__: None)
    entries.append(pen(elsewhere, Head(number=3, hash=entries[0].hash)).write(Answer(value=2)))
    assert verify(entries) == ["entry 1 is missing; 3 follows"]


def test_digests_of_equal_bodies_differ_by_their_salt() -> None:
    journal = MemoryJournal()
    writing = pen(journal)
    assert writing.write(Answer(value=1)).digest != writing.write(Answer(value=1)).digest


def test_of_two_pens_on_one_branch_one_is_fenced() -> None:
    journal = MemoryJournal()
    first, second = pen(journal), pen(journal)
    first.write(Answer(value=1))
    with pytest.raises(Fenced):
        second.write(Answer(value=2))
    assert [entry.body for entry in journal.read(BRANCH)] == [Answer(value=1)]


def test_a_fenced_pen_stays_fenced() -> None:
    journal = MemoryJournal()
    first, second = pen(journal), pen(journal)
    first.write(Answer(value=1))
    for _ in range(2):
        with pytest.raises(Fenced):
            second.write(Answer(value=2))


def test_two_executors_never_both_write() -> None:
    journal = MemoryJournal()
    together = Barrier(8)

    def execute(name: int) -> list[Entry]:
        writing = pen(journal, agent=str(name))
        written: list[Entry] = []
        together.wait()
        try:
            while len(written) < 50:
                written.append(writing.write(Answer(value=len(written))))
        except Fenced:
            pass
        return written

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(execute, range(8)))
    entries = list(journal.read(BRANCH))
    assert verify(entries) == []
    assert sorted(entry.number for own in written for entry in own) == [entry.number for entry in entries]
    assert sum(bool(own) for own in written) == 1


def test_a_pen_goes_on_after_what_somebody_else_wrote_for_it() -> None:
    journal = MemoryJournal()
    mine = pen(journal)
    mine.write(Answer(value=1))
    theirs = pen(journal, mine.head).write(Answer(value=2))
    mine.follow(theirs)
    mine.write(Answer(value=3))
    assert verify(journal.read(BRANCH)) == []


@pytest.mark.parametrize("names", [{"tenant": "a#b"}, {"run": "b#c"}, {"path": "main#1"}, {"tenant": ""}, {"run": ""}, {"tenant": "a/b"}])
def test_a_name_that_could_share_a_key_is_refused(names: dict[str, str]) -> None:
    with pytest.raises(InputRejected, match=next(iter(names))):
        Branch(**{"tenant": "acme", "run": "run-1"} | names)
