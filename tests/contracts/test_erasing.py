from collections.abc import Callable
from dataclasses import replace

import pytest

from septet.core.entries import Answer, Erased, Note, Request
from septet.core.errors import BodyErased
from septet.core.inquiries import Inquiry, inquiry_id
from septet.core.journal import Branch, Head, Pen, verify
from septet.core.runs import Run
from septet.security.approvals import Approval, Vote
from septet.security.effects import Effect
from septet.security.erased import blank
from tests.contracts.conftest import BODIES, Aws, Storage

SECRET, LARGE = "a secret", "a large secret " * 1000


def run(tenant: str, name: str = "run-1") -> Run:
    return Run(tenant=tenant, run=name, workflow="w", submitter="s", digest="of the input", created_at=1, message=SECRET)


def written(storage: Storage, tenant: str, name: str = "run-1") -> Branch:
    branch = Branch(tenant=tenant, run=name)
    storage.runs.create(run(tenant, name))
    pen = Pen(journal=storage.journal, branch=branch, clock=lambda: 1, head=Head())
    pen.write(Request(workflow="w", input={"message": SECRET}, submitter="s"), labels={"message": "external"})
    for number in range(5):
        pen.write(Answer(value=LARGE) if number % 2 else Note(kind="repair", text=SECRET), cost=3)
    return branch


def left(calls: int) -> Callable[[], bool]:
    """Time for so many."""
    turns = iter(range(calls))
    return lambda: next(turns, None) is not None


def test_bodies_go_and_the_chain_stays(storage: Storage, tenant: str) -> None:
    branch, other = written(storage, tenant), written(storage, tenant, "run-2")
    before = list(storage.gaps.read(branch))
    storage.contents.bodies(tenant, "run-1")
    assert storage.contents.entries(branch, left(100))
    entries = list(storage.gaps.read(branch))
    assert all(isinstance(entry.body, Erased) for entry in entries)
    assert [replace(entry, body=old.body, salt=old.salt) for entry, old in zip(entries, before, strict=True)] == before
    assert not any(entry.salt for entry in entries)
    assert verify(entries, erasure=True) == []
    assert len(verify(entries)) == 6
    assert verify(storage.gaps.read(other)) == []
    assert storage.heads.last(branch) == (5, before[-1].hash)


def test_it_goes_on_where_there_was_no_time_and_is_the_same_twice(storage: Storage, tenant: str) -> None:
    branch = written(storage, tenant)
    storage.contents.bodies(tenant, "run-1")
    assert not storage.contents.entries(branch, left(2))
    assert not storage.contents.entries(branch, left(2))
    assert storage.contents.entries(branch, left(2))
    assert storage.contents.entries(branch, left(0))
    assert verify(storage.gaps.read(branch), erasure=True) == []


def test_results_of_effects_go_and_that_they_happened_stays(storage: Storage, tenant: str) -> None:
    branch = written(storage, tenant)
    storage.ledger.open(branch, 100, now=1)
    effects = [Effect(tenant=tenant, run="run-1", key=key, tool="pay", status="intended", deadline=9, by="w") for key in ("small", "large")]
    for effect, value in zip(effects, (SECRET, LARGE * 10), strict=True):
        assert storage.effects.intend(branch, effect) is None
        storage.effects.done(effect, {"told": value})
    for _ in range(2):
        storage.contents.effects(tenant, "run-1")
        storage.contents.bodies(tenant, "run-1")
    for effect in effects:
        found = storage.effects.get(tenant, "run-1", effect.key)
        assert found is not None
        assert found.status == "done"
        assert not (found.value and SECRET in str(found.value))


def question(tenant: str, name: str, run_id: str) -> Approval:
    vote = Vote(by="eve", at=3, reason=SECRET, arguments={"note": SECRET})
    return Approval(
        tenant=tenant,
        approval=name,
        run=run_id,
        turn="t",
        tool="pay",
        arguments={"note": SECRET},
        asked_by="clerk",
        asked_at=1,
        expires_at=10**15,
        reasons=(SECRET,),
        evidence=({"name": "order", "value": SECRET, "source": "find_order"},),
        votes=(vote,),
        status="approved",
        decided_by="eve",
        decided_at=3,
        reason=SECRET,
    )


def test_what_questions_quote_goes_and_who_decided_stays(storage: Storage, tenant: str) -> None:
    for number, name in enumerate(("run-1", "run-2", "run-3")):
        storage.approvals.ask(question(tenant, f"apr-{number}", name))
    for _ in range(2):
        storage.contents.approvals(tenant, ["run-1", "run-3"])
    for number in (0, 2):
        asked = question(tenant, f"apr-{number}", f"run-{number + 1}")
        found = storage.approvals.get(tenant, f"apr-{number}")
        assert found == blank(asked)
        assert found is not None
        assert SECRET not in str(found)
        assert (found.decided_by, found.votes[0].by) == ("eve", "eve")
    assert storage.approvals.get(tenant, "apr-1") == question(tenant, "apr-1", "run-2")


def test_the_record_says_when_it_was_erased_and_quotes_nothing(storage: Storage, tenant: str) -> None:
    storage.runs.create(run(tenant))
    storage.contents.noted(run(tenant), 77)
    assert storage.runs.get(tenant, "run-1") == replace(run(tenant), erased_at=77, digest="erased", message="")
    (listed,) = storage.unsealed.runs(tenant, limit=2)
    assert listed.run.erased_at == 77


@pytest.mark.twin
def test_nothing_of_it_is_left_in_the_tables_or_the_bucket(aws: Aws, tenant: str) -> None:
    storage = aws.storage()
    branch = written(storage, tenant)
    storage.contents.bodies(tenant, "run-1")
    storage.contents.entries(branch, left(100))
    assert "Contents" not in aws.s3.list_objects_v2(Bucket=BODIES, Prefix=f"{tenant}/run-1/")
    items = aws.dynamodb.query(
        TableName="contracts-journal",
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"{tenant}#run-1#main"}},
    )["Items"]
    assert SECRET not in str(items)
    assert {name for one in items for name in one} == {"pk", "number", "header", "hash", "writer"}
    with pytest.raises(BodyErased):
        list(storage.journal.read(branch))


def test_what_was_asked_outside_and_answered_goes_and_who_answered_stays(storage: Storage, tenant: str) -> None:
    asked = [
        storage.inquiries.ask(
            Inquiry(
                tenant=tenant,
                inquiry=inquiry_id(tenant, name, "main", "ask"),
                run=name,
                name="date",
                to="supplier",
                roles=("responder",),
                question={"about": SECRET},
                answer_schema={},
                asked_at=1,
                expires_at=9,
            )
        )
        for name in ("run-1", "run-2")
    ]
    for one in asked:
        storage.inquiries.end(tenant, one.inquiry, outcome="answered", at=2, by="supplier-7", answer={"words": SECRET})
    for _ in range(2):
        storage.contents.inquiries(tenant, ["run-1"])
    erased, kept = (storage.inquiries.get(tenant, one.inquiry) for one in asked)
    assert erased is not None
    assert (erased.question, erased.answer, erased.by, erased.status) == (None, None, "supplier-7", "answered")
    assert SECRET in str(kept)
