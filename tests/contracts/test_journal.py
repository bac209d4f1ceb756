from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import batched
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from septet.aws.bodies import S3Bodies
from septet.aws.journal import INLINE_BYTES, DynamoJournal
from septet.core.entries import Answer, Body, Entry, Erased, Note
from septet.core.errors import BodyErased, Fenced, StoreUnavailable
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


def key_of(branch: Branch, number: int) -> dict[str, Any]:
    return {"pk": {"S": f"{branch.tenant}#{branch.run}#{branch.path}"}, "number": {"N": str(number)}}


@pytest.mark.twin
class TestOnAws:
    def item(self, aws: Aws, branch: Branch, number: int) -> dict[str, Any]:
        found: dict[str, Any] = aws.dynamodb.get_item(TableName="contracts-journal", Key=key_of(branch, number))["Item"]
        return found

    def put(self, aws: Aws, item: dict[str, Any]) -> None:
        aws.dynamodb.put_item(TableName="contracts-journal", Item=item)

    def append(self, aws: Aws, branch: Branch, *values: Any) -> list[Entry]:
        entries = written(*values)
        for entry in entries:
            aws.journal().append(branch, entry, writer="w")
        return entries

    def test_a_large_body_is_in_the_bucket_under_its_salted_digest_and_not_in_the_item(self, aws: Aws, branch: Branch) -> None:
        small, large = self.append(aws, branch, "small", "x" * INLINE_BYTES)
        assert ["body" in self.item(aws, branch, number) for number in (small.number, large.number)] == [True, False]
        listed = aws.s3.list_objects_v2(Bucket=BODIES, Prefix=f"{branch.tenant}/")["Contents"]
        assert [item["Key"] for item in listed] == [f"{branch.tenant}/run-1/{large.digest}"]

    def test_equal_bodies_have_names_of_their_own_so_a_name_tells_nothing(self, aws: Aws, branch: Branch) -> None:
        one, other = self.append(aws, branch, "x" * INLINE_BYTES, "x" * INLINE_BYTES)
        listed = aws.s3.list_objects_v2(Bucket=BODIES, Prefix=f"{branch.tenant}/")["Contents"]
        assert {item["Key"].rpartition("/")[2] for item in listed} == {one.digest, other.digest}
        assert one.digest != other.digest

    def test_a_large_body_is_encrypted_with_our_key(self, aws: Aws, branch: Branch) -> None:
        (large,) = self.append(aws, branch, "x" * INLINE_BYTES)
        head = aws.s3.head_object(Bucket=BODIES, Key=f"{branch.tenant}/run-1/{large.digest}")
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", aws.key)

    def test_what_the_key_encrypts_for_a_tenant_it_does_not_decrypt_for_another(self, aws: Aws, branch: Branch) -> None:
        """KMS alone: the emulator's S3 neither encrypts nor keeps a context. That it is sent, tests/unit/aws/test_bodies.py says."""
        encrypted = aws.kms.encrypt(KeyId=aws.key, Plaintext=b"x", EncryptionContext={"tenant": branch.tenant})["CiphertextBlob"]
        assert aws.kms.decrypt(CiphertextBlob=encrypted, EncryptionContext={"tenant": branch.tenant})["Plaintext"] == b"x"
        with pytest.raises(aws.kms.exceptions.InvalidCiphertextException):
            aws.kms.decrypt(CiphertextBlob=encrypted, EncryptionContext={"tenant": "another"})

    def test_an_item_moved_to_another_run_or_tenant_brings_no_body_with_it(self, aws: Aws, branch: Branch) -> None:
        self.append(aws, branch, "x" * INLINE_BYTES)
        for other in (replace(branch, run="run-2"), replace(branch, tenant=f"{branch.tenant}-2")):
            self.put(aws, self.item(aws, branch, 0) | key_of(other, 0))
            with pytest.raises(BodyErased):
                list(aws.journal().read(other))

    @pytest.mark.parametrize("size", [1, INLINE_BYTES], ids=["inline", "large"])
    def test_an_erased_body_stops_who_works_and_leaves_a_gap_for_who_looks(self, aws: Aws, branch: Branch, size: int) -> None:
        before, erased, behind = self.append(aws, branch, "a", "x" * size, "b")
        if size == 1:
            self.put(aws, {name: value for name, value in self.item(aws, branch, 1).items() if name not in ("body", "salt")})
        else:
            aws.s3.delete_object(Bucket=BODIES, Key=f"{branch.tenant}/run-1/{erased.digest}")
        with pytest.raises(BodyErased, match="the body of entry 1 of main was erased"):
            list(aws.journal().read(branch))
        found = list(aws.journal(gaps=True).read(branch))
        assert [entry.body for entry in found] == [before.body, Erased(), behind.body]
        assert [entry.hash for entry in found] == [before.hash, erased.hash, behind.hash]
        assert verify(found) == ["the body of entry 1 is gone"]

    def test_what_dynamodb_cannot_do_has_one_name(self, aws: Aws, branch: Branch) -> None:
        lost = DynamoJournal(aws.dynamodb, "contracts-no-such-table", S3Bodies(lambda: aws.s3, BODIES, aws.key))
        with pytest.raises(StoreUnavailable, match="the journal could not be reached: Query ended in"):
            list(lost.read(branch))
        (entry,) = written(1)
        with pytest.raises(StoreUnavailable, match="PutItem"):
            lost.append(branch, entry, writer="w")


@pytest.mark.twin
class TestTampering:
    """Somebody who can write to the table changes what is there."""

    @pytest.fixture
    def entries(self, aws: Aws, branch: Branch) -> list[Entry]:
        entries = written("paid 0", "paid 1", "paid 2", "paid 3" * INLINE_BYTES, "paid 4")
        for entry in entries:
            aws.journal().append(branch, entry, writer="w")
        return entries

    def item(self, aws: Aws, branch: Branch, number: int) -> dict[str, Any]:
        found: dict[str, Any] = aws.dynamodb.get_item(TableName="contracts-journal", Key=key_of(branch, number))["Item"]
        return found

    def found(self, aws: Aws, branch: Branch) -> list[str]:
        return verify(aws.journal(gaps=True).read(branch))

    def test_nothing_is_found_where_nothing_was_changed(self, aws: Aws, branch: Branch, entries: list[Entry]) -> None:
        assert self.found(aws, branch) == []
        assert len(entries) == 5

    def test_a_changed_body(self, aws: Aws, branch: Branch, entries: list[Entry]) -> None:
        item = self.item(aws, branch, entries[1].number)
        item["body"]["S"] = item["body"]["S"].replace("paid 1", "paid 9")
        aws.dynamodb.put_item(TableName="contracts-journal", Item=item)
        assert self.found(aws, branch) == ["the body of entry 1 was changed"]

    def test_a_changed_large_body(self, aws: Aws, branch: Branch, entries: list[Entry]) -> None:
        name = f"{branch.tenant}/run-1/{entries[3].digest}"
        body = aws.s3.get_object(Bucket=BODIES, Key=name)["Body"].read()
        aws.s3.put_object(Bucket=BODIES, Key=name, Body=body.replace(b"paid 3", b"paid 9"))
        assert self.found(aws, branch) == ["the body of entry 3 was changed"]

    def test_a_changed_header(self, aws: Aws, branch: Branch, entries: list[Entry]) -> None:
        item = self.item(aws, branch, entries[2].number)
        item["header"]["S"] = item["header"]["S"].replace('"cost":0', '"cost":-5')
        aws.dynamodb.put_item(TableName="contracts-journal", Item=item)
        assert self.found(aws, branch) == ["entry 2 was changed"]

    def test_a_removed_entry(self, aws: Aws, branch: Branch, entries: list[Entry]) -> None:
        aws.dynamodb.delete_item(TableName="contracts-journal", Key=key_of(branch, entries[1].number))
        assert self.found(aws, branch) == ["entry 1 is missing; 2 follows", "entry 2 does not follow the entry before it"]

    def test_swapped_entries(self, aws: Aws, branch: Branch, entries: list[Entry]) -> None:
        one, other = (self.item(aws, branch, entry.number) for entry in entries[1:3])
        for item, place in ((one, 2), (other, 1)):
            aws.dynamodb.put_item(TableName="contracts-journal", Item=item | key_of(branch, place))
        unreadable = [f"entry {number} cannot be read: what is stored is no entry" for number in (1, 2)]
        assert self.found(aws, branch) == [*unreadable, "entry 3 does not follow the entry before it"]

    def test_an_inserted_entry(self, aws: Aws, branch: Branch, entries: list[Entry]) -> None:
        (foreign,) = written("paid 5000")
        elsewhere = replace(branch, run="run-2")
        aws.journal().append(elsewhere, foreign, writer="w")
        forged = self.item(aws, elsewhere, 0)
        forged["header"]["S"] = forged["header"]["S"].replace('"number":0', '"number":5')
        aws.dynamodb.put_item(TableName="contracts-journal", Item=forged | key_of(branch, 5))
        assert self.found(aws, branch) == ["entry 5 does not follow the entry before it", "entry 5 was changed"]
        assert len(entries) == 5


class Collecting:
    """Stands in for the DynamoDB client while a branch is written, and keeps the items: a thousand calls are then written in batches."""

    def __init__(self, dynamodb: Any) -> None:
        self.exceptions = dynamodb.exceptions
        self.items: list[dict[str, Any]] = []

    def put_item(self, *, Item: dict[str, Any], **_: Any) -> None:  # noqa: N803 -- boto3's name
        self.items.append(Item)


@pytest.mark.twin
def test_a_branch_as_long_as_a_thousand_tool_calls_make_it_is_read_in_order_over_many_pages_and_goes_on(aws: Aws, branch: Branch) -> None:
    collecting = Collecting(aws.dynamodb)
    bodies = S3Bodies(lambda: aws.s3, BODIES, aws.key)
    writing = Pen(journal=DynamoJournal(collecting, "", bodies), branch=branch, clock=lambda: 1_000, head=Head(), agent="clerk", turn="t")
    large = {200, 201, 202, 3_999}
    entries = [writing.write(Answer(value="x" * (20_000 if number in large else 1_000))) for number in range(4_000)]
    for batch in batched(collecting.items, 25, strict=True):
        aws.dynamodb.batch_write_item(RequestItems={"contracts-journal": [{"PutRequest": {"Item": item}} for item in batch]})

    journal = aws.journal()
    assert list(journal.read(branch)) == entries
    assert verify(entries) == []
    assert [entry.number for entry in journal.read(branch, after=3_500)] == list(range(3_501, 4_000))
    pen(journal, branch).write(Answer(value="done"))
    assert [entry.body for entry in journal.read(branch, after=3_999)] == [Answer(value="done")]
