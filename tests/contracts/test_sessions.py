"""What every store of sessions promises."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from septet.aws.sessions import DynamoSessions
from septet.core.sessions import Lease, Message, Place, Session, Sessions
from septet.local.sessions import MemorySessions
from tests.unit.integration.conftest import Office
from tests.unit.integration.test_session_properties import play


@pytest.fixture(params=["memory", pytest.param("aws", marks=pytest.mark.twin)])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "memory":
        return MemorySessions()
    dynamodb: Any = request.getfixturevalue("aws").dynamodb
    return DynamoSessions(dynamodb, "contracts-sessions", pause=lambda milliseconds: time.sleep(milliseconds / 1000))


def session(tenant: str, **changes: Any) -> Session:
    return replace(Session(tenant=tenant, session="ses-1", workflow="support", principal="ann", created_at=5), **changes)


def message(number: int, **changes: Any) -> Message:
    whole = Message(
        number=number,
        key=f"k-{number}",
        digest="d",
        input={"message": "hello", "channel": "mail"},
        labels={"message": "external"},
        busy="enqueue",
        roles=("submitter",),
        attended=True,
        budget=5,
        at=7,
    )
    return replace(whole, **changes)


def test_a_session_comes_back_as_it_was(sessions: Sessions, tenant: str) -> None:
    lease = Lease(fence=3, number=2, run="run-1", origin="run-0", urgent=True, begun=True, ending="forgotten")
    whole = session(tenant, queue=(Place(number=3, urgent=True, origin="run-1"), Place(number=4)), lease=lease, count=5, fence=3, due=9)
    assert sessions.create(whole) == whole
    assert sessions.get(tenant, "ses-1") == whole
    assert sessions.create(session(tenant)) == whole, "the first stands"
    assert sessions.get(f"{tenant}-2", "ses-1") is None


def test_a_change_and_its_messages_are_written_together_or_not_at_all(sessions: Sessions, tenant: str) -> None:
    first = sessions.create(session(tenant))
    second = replace(first, version=1, count=1, queue=(Place(number=0),))
    assert sessions.replace(first, second, (message(0),))
    assert sessions.message(tenant, "ses-1", 0) == message(0)
    assert sessions.keyed(tenant, "ses-1", "k-0") == message(0)
    assert not sessions.replace(first, replace(first, version=1), (message(1),)), "it is late"
    again = replace(second, version=2, count=2)
    assert not sessions.replace(second, again, (message(1, key="k-0"),)), "the key is another message's"
    assert sessions.get(tenant, "ses-1") == second
    assert sessions.message(tenant, "ses-1", 1) is None
    assert sessions.replace(second, again, (message(0, input=None, fate="running", run="run-1"),))
    found = sessions.keyed(tenant, "ses-1", "k-0")
    assert found
    assert (found.input, found.run) == (None, "run-1")
    assert sessions.keyed(tenant, "ses-1", "k-1") is None


def test_messages_come_latest_first_and_in_pages(sessions: Sessions, tenant: str) -> None:
    standing = sessions.create(session(tenant))
    for number in range(12):
        after = replace(standing, version=standing.version + 1, count=number + 1)
        assert sessions.replace(standing, after, (message(number),))
        standing = after
    assert [found.number for found in sessions.messages(tenant, "ses-1", before=12, limit=5)] == [11, 10, 9, 8, 7]
    assert [found.number for found in sessions.messages(tenant, "ses-1", before=2, limit=5)] == [1, 0]
    assert sessions.messages(tenant, "ses-1", before=0, limit=5) == ()


def test_what_is_due_is_listed_until_it_is_not(sessions: Sessions, tenant: str) -> None:
    standing = sessions.create(session(tenant, due=5))
    sessions.create(session(f"{tenant}-2", due=10**15))
    assert (tenant, "ses-1") in sessions.due(now=5, limit=1_000)
    assert (tenant, "ses-1") not in sessions.due(now=4, limit=1_000)
    assert (f"{tenant}-2", "ses-1") not in sessions.due(now=10**12, limit=1_000)
    assert sessions.replace(standing, replace(standing, version=1, due=0))
    assert (tenant, "ses-1") not in sessions.due(now=10**12, limit=1_000)


def test_of_many_changes_at_once_one_is_made(sessions: Sessions, tenant: str) -> None:
    first = sessions.create(session(tenant))
    together = Barrier(8)

    def change(place: int) -> bool:
        together.wait()
        return sessions.replace(first, replace(first, version=1, count=1), (message(0, key=f"k-{place}"),))

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(change, range(8)))
    assert won.count(True) == 1
    found = sessions.message(tenant, "ses-1", 0)
    assert found
    assert found.key == f"k-{won.index(True)}"


@pytest.mark.parametrize(("seed", "share"), [(1, 0.0), (2, 0.05)])
def test_many_senders_at_once_over_this_store(sessions: Sessions, seed: int, share: float) -> None:
    play(Office(sessions=sessions), [["enqueue", "interrupt"], ["rollback", "reject"], ["interrupt", "enqueue"]], seed=seed, share=share)
