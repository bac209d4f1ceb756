"""The tenancy suite finds nothing as things are, and finds what a check that is taken out lets through."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from septet.core.runs import Page, Run
from septet.integration.http.operations import OPERATIONS
from septet.integration.ports import Ports, Principal
from tests.suites.tenancy import fuzz
from tests.suites.tenancy_moves import BODIES
from tests.suites.tenancy_oracle import Found


def test_every_operation_that_takes_a_body_gets_one() -> None:
    assert {operation.id for operation in OPERATIONS if operation.body is not None} == set(BODIES)


def test_tenants_do_not_reach_each_other() -> None:
    found = fuzz(300, tenants=4, rounds=3, processes=2)
    assert (found.reads, found.writes, found.broken) == ([], [], [])
    assert found.stolen > 30
    assert set(found.operations) == {operation.id for operation in OPERATIONS}
    assert found.statuses[200] > 75


class Forgetful:
    """Knows people's tenants by their names alone, as a cache in a warm process would that lacks the tenant in its key."""

    def __init__(self, ports: Ports) -> None:
        self._rightful = ports.identity
        self._known: dict[str, str] = {}

    def principal(self, token: str) -> Principal:
        found = self._rightful.principal(token)
        return replace(found, tenant=self._known.setdefault(found.subject, found.tenant))


def known_by_name(ports: Ports) -> Ports:
    return replace(ports, identity=Forgetful(ports))


BY_ID = {"runs": "/runs/", "sessions": "/sessions/", "inquiries": "/inquiries/", "files": "/files/", "stop_records": "/stops/"}
"""Stores of records, and what stands before a record's id in paths."""
READING = {
    "listRuns",
    "getRun",
    "readRows",
    "stopRun",
    "getStop",
    "beginSession",
    "getSession",
    "listInquiries",
    "getInquiry",
    "offerFile",
    "getFile",
}
"""What makes such records and reads them."""


class OfAnybody:
    """Looks for records by their ids alone, whosever they are."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self._tenants: dict[str, str] = {}

    def create(self, record: Any) -> Any:
        self._tenants[record.run if isinstance(record, Run) else record.session] = record.tenant
        return self._store.create(record)

    def get(self, tenant: str, name: str) -> Any:
        found = self._store.get(tenant, name)
        if found:
            self._tenants[name] = tenant
        elif name in self._tenants and (foreign := self._store.get(self._tenants[name], name)):
            found = replace(foreign, tenant=tenant)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def looked_up_by_id(ports: Ports) -> Ports:
    changed: dict[str, Any] = {name: OfAnybody(getattr(ports, name)) for name in BY_ID}
    return replace(ports, **changed)


class Paged:
    """Keeps pages of runs, and finds them again by what was asked for but not by who asked."""

    def __init__(self, ports: Ports) -> None:
        self._runs = ports.runs
        self._tenant = ""
        self._kept = cache(lambda named: self._runs.page(self._tenant, **dict(named)))

    def page(self, tenant: str, **named: Any) -> Page:
        self._tenant = tenant
        return self._kept(tuple(named.items()))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)


def pages_kept(ports: Ports) -> Ports:
    return replace(ports, runs=Paged(ports))  # type: ignore[arg-type]  # the rest is the rightful one's


@pytest.mark.parametrize(
    ("change", "moves", "only", "shown"),
    [
        pytest.param(known_by_name, 400, (), lambda found: found.reads and found.writes, id="principals kept without their tenant"),
        pytest.param(
            looked_up_by_id,
            400,
            READING,
            lambda found: all(any(path in told for told in found.reads) for path in BY_ID.values()),
            id="records looked up by id alone",
        ),
        pytest.param(pages_kept, 160, ("listRuns", "submitRun"), lambda found: found.reads, id="pages kept without their tenant"),
    ],
)
def test_a_tenant_check_that_is_taken_out_shows(
    change: Callable[[Ports], Ports], moves: int, only: Collection[str], shown: Callable[[Found], bool]
) -> None:
    # What tenants do at the same time comes in any order, so that one short try may miss it, as none of 10,000 operations does.
    tries = (fuzz(moves, tenants=4, rounds=2, processes=1, seed=seed, change=change, only=only) for seed in range(1, 6))
    assert any(shown(found) for found in tries)
