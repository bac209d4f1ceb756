from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from septet.aws.journal import INLINE_BYTES
from septet.core.entries import Answer, Body, Entry, Note
from septet.core.errors import Fenced
from septet.core.journal import Branch, Head, Journal, Pen, after, verify
from septet.core.money import Usage
from septet.local.journal import MemoryJournal
from tests.contracts.conftest import BODIES, Aws, Storage
from tests.unit.strategies import bodies


@pytest.fixture
def journal(storage: Storage) -> Journal:
    return storage.journal


@pytest.fixture
def branch(tenant: str) -> Branch:
    return Branch(tenant=tenant, run="run-1")


def pen(journal: Journal, branch: Branch, **more: Any) -> Pen:
    return Pen(journal=journal, branch=branch, clock=lambda: 1_000, head=after(journal.read(branch)), **more)


def written(*values: Any) -> list[Entry]:
    """Entries as a pen writes them, somewhere else."""
    elsewhere, branch = MemoryJournal(), Branch(tenant="elsewhere", run="run-1")
    writing = Pen(journal=elsewhere, branch=branch, clock=lambda: 1_000, head=Head())
    return [writing.write(Answer(value=value)) for value in values]


def test_an_unknown_branch_is_empty(journal: Journal, branch: Branch) -> None:
    assert list(journal.read(branch)) == []


def test_what_is_appended_is_read_in_order(journal: Journal, branch: Branch) -> None:
    writing = pen(journal, branch, agent="clerk", turn="t", bundle="b")
    entries = [
        writing.write(Answer(value={"n": 1.5, "text": "Grüße 👋", "none": None}), usage=Usage(input=1, output=2), cost=3),
        writing.write(Note(kind="repair", text=""), labels={"value": "unknown"}),
        writing.write(Answer(value=[])),
    ]
    assert list(journal.read(branch)) == entries
    assert verify(journal.read(branch)) == []


@pytest.mark.parametrize(("number", "left"), [(-1, [0, 1, 2]), (0, [1, 2]), (2, []), (9, [])])
def test_reading_goes_on_after_a_number(journal: Journal, branch: Branch, number: int, left: list[int]) -> None:
    for entry in written(0, 1, 2):
        journal.append(branch, entry, writer="w")
    assert [entry.number for entry in journal.read(branch, after=number)] == left


def test_branches_of_a_run_and_runs_of_a_tenant_are_apart(journal: Journal, branch: Branch) -> None:
    others = [replace(branch, path="specialist"), replace(branch, run="run-2"), replace(branch, tenant=f"{branch.tenant}-2")]
    (entry,) = written("mine")
    journal.append(branch, entry, writer="w")
    assert [list(journal.read(other)) for other in others] == [[], [], []]


class TestFence:
    def test_a_number_is_written_once(self, journal: Journal, branch: Branch) -> None:
        (mine,), (theirs,) = written(1), written(2)
        journal.append(branch, mine, writer="me")
        with pytest.raises(Fenced):
            journal.append(branch, theirs, writer="them")
        assert list(journal.read(branch)) == [mine]

    def test_the_same_entry_by_the_same_writer_counts_as_stored_because_the_answer_may_have_been_lost(
        self, journal: Journal, branch: Branch
    ) -> None:
        (entry,) = written(1)
        for _ in range(3):
            journal.append(branch, entry, writer="me")
        assert list(journal.read(branch)) == [entry]

    def test_the_same_entry_by_another_writer_does_not(self, journal: Journal, branch: Branch) -> None:
        (entry,) = written(1)
        journal.append(branch, entry, writer="me")
        with pytest.raises(Fenced):
            journal.append(branch, entry, writer="them")

    def test_another_entry_by_the_same_writer_does_not(self, journal: Journal, branch: Branch) -> None:
        (one,), (other,) = written(1), written(1)
        journal.append(branch, one, writer="me")
        with pytest.raises(Fenced):
            journal.append(branch, other, writer="me")

    def test_of_twenty_racing_for_one_number_one_wins(self, journal: Journal, branch: Branch) -> None:
        together = Barrier(20)

        def race(place: int) -> str:
            writing = Pen(journal=journal, branch=branch, clock=lambda: 1, head=Head(), agent=str(place))
            together.wait()
            try:
                return writing.write(Answer(value=place)).agent
            except Fenced:
                return "fenced"

        with ThreadPoolExecutor(20) as pool:
            ends = list(pool.map(race, range(20)))
        (entry,) = journal.read(branch)
        assert ends.count("fenced") == 19
        assert entry.agent in ends

    def test_two_executors_side_by_side_never_both_write(self, journal: Journal, branch: Branch) -> None:
        together = Barrier(2)

        def execute(name: str) -> int:
            writing, count = Pen(journal=journal, branch=branch, clock=lambda: 1, head=Head(), agent=name), 0
            together.wait()
            try:
                while count < 10:
                    writing.write(Answer(value=count))
                    count += 1
            except Fenced:
                pass
            return count

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(execute, ("a", "b"))) == [0, 10]
        assert verify(journal.read(branch)) == []
        assert len({entry.agent for entry in journal.read(branch)}) == 1


class TestSize:
    def test_more_than_a_page_of_a_megabyte_is_read_whole(self, journal: Journal, branch: Branch) -> None:
        entries = written(*("x" * 4_000 for _ in range(300)))
        for entry in entries:
            journal.append(branch, entry, writer="w")
        assert list(journal.read(branch)) == entries
        assert list(journal.read(branch, after=149)) == entries[150:]

    @pytest.mark.parametrize("size", [0, INLINE_BYTES - 100, INLINE_BYTES, INLINE_BYTES + 1, 3_000_000])
    def test_a_body_of_any_size_comes_back(self, journal: Journal, branch: Branch, size: int) -> None:
        (entry,) = written("ü" + "x" * size)
        journal.append(branch, entry, writer="w")
        assert list(journal.read(branch)) == [entry]
        assert verify(journal.read(branch)) == []


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies)
def test_any_body_comes_back(journal: Journal, branch: Branch, body: Body) -> None:
    entry = pen(journal, branch).write(body)
    assert list(journal.read(branch, after=entry.number - 1)) == [entry]


@pytest.mark.twin
class TestOnAws:
    def test_a_large_body_is_in_the_bucket_and_not_in_the_item(self, aws: Aws, branch: Branch) -> None:
        journal = aws.storage().journal
        small, large = written("small", "x" * INLINE_BYTES)
        for entry in (small, large):
            journal.append(branch, entry, writer="w")
        items = aws.dynamodb.query(
            TableName="contracts-journal",
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{branch.tenant}#run-1#main"}},
        )["Items"]
        assert ["body" in item for item in items] == [True, False]
        assert ["handle" in item for item in items] == [False, True]
        listed = aws.s3.list_objects_v2(Bucket=BODIES, Prefix=f"{branch.tenant}/")["Contents"]
        assert [item["Key"] for item in listed] == [items[1]["handle"]["S"]]
        assert listed[0]["Key"].startswith(f"{branch.tenant}/run-1/")

    def test_a_handle_of_another_tenant_or_run_is_refused(self, aws: Aws, branch: Branch) -> None:
        journal: Any = aws.storage().journal
        (large,) = written("x" * INLINE_BYTES)
        journal.append(branch, large, writer="w")
        key = {"pk": {"S": f"{branch.tenant}#run-1#main"}, "number": {"N": "0"}}
        stolen = aws.dynamodb.get_item(TableName="contracts-journal", Key=key)["Item"]
        for other in (replace(branch, run="run-2"), replace(branch, tenant=f"{branch.tenant}-2")):
            pk = {"pk": {"S": f"{other.tenant}#{other.run}#main"}}
            aws.dynamodb.put_item(TableName="contracts-journal", Item=stolen | pk)
            with pytest.raises(ValueError, match="is not of run"):
                list(journal.read(other))

    def test_an_entry_changed_in_the_table_is_found(self, aws: Aws, branch: Branch) -> None:
        journal = aws.storage().journal
        for entry in written("paid 1", "paid 2"):
            journal.append(branch, entry, writer="w")
        key = {"pk": {"S": f"{branch.tenant}#run-1#main"}, "number": {"N": "0"}}
        item = aws.dynamodb.get_item(TableName="contracts-journal", Key=key)["Item"]
        item["body"]["S"] = item["body"]["S"].replace("paid 1", "paid 9")
        aws.dynamodb.put_item(TableName="contracts-journal", Item=item)
        assert verify(journal.read(branch)) == ["the body of entry 0 was changed"]
