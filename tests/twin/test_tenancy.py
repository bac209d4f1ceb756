"""The tenancy suite in short, through API Gateway, the functions and DynamoDB; tests/suites/tenancy.py is the long form."""

from __future__ import annotations

import json
from functools import cache, partial
from itertools import count
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from septet.aws.account_table import AccountTable
from septet.aws.approvals import DynamoApprovals
from septet.aws.costs import DynamoCosts
from septet.aws.inquiries import DynamoInquiries
from septet.aws.rows import DynamoRows
from septet.aws.runs import DynamoRuns
from septet.aws.summaries import DynamoSummaries
from septet.core.ledger import of_run
from septet.integration.http.operations import OPERATIONS
from septet.integration.run_ids import fresh
from tests.desk import Desk, store, until
from tests.suites.tenancy import book
from tests.suites.tenancy_moves import ROLES, Mover, Request
from tests.suites.tenancy_oracle import Answer, Fuzz
from tests.suites.tenancy_question import question
from tests.suites.tenancy_world import now

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = ("journal", "runs", "approvals", "effects", "accounts", "orders", "refunds", "inquiries", "rows", "sessions", "files")
KEYS = ("key-1", "key-2")
LASTING = ("stopRun", "stop", "say", "restartRun", "forkRun", "cancelRun", "answerInquiry")
"""After these the platform works on, also while the tenant rests."""
OPERATIONS_EACH_ROUND = 80


class OverHttp:
    """The twin, as the suite's world."""

    def __init__(self, twin: Any) -> None:
        self._twin = twin
        self._http = httpx.Client(base_url=twin.api, timeout=60)
        self._numbers = count()
        self._token = cache(twin.token)

    def close(self) -> None:
        self._http.close()

    def send(self, request: Request) -> Answer:
        token = self._token(tenant=request.tenant, subject=request.subject, roles=request.roles)
        sent: dict[str, Any] = {"json": request.body} if request.body is not None else {}
        headers = {"Authorization": f"Bearer {token}", **request.headers}
        answer = self._http.request(request.method, request.path, params=dict(request.query), headers=headers, **sent)
        return Answer(status=answer.status_code, headers=str(dict(answer.headers)), body=answer.text)

    def ask(self, tenant: str, marker: str) -> tuple[str, ...]:
        client = self._twin.client("dynamodb")
        tables = {
            "runs": DynamoRuns,
            "approvals": DynamoApprovals,
            "inquiries": DynamoInquiries,
            "rows": DynamoRows,
            "costs": DynamoCosts,
            "summaries": DynamoSummaries,
        }
        stores: dict[str, Any] = {name: kind(client, f"septet-twin-{name}") for name, kind in tables.items()}
        return question(tenant, fresh(now() + next(self._numbers)), marker, journal=store(self._twin), **stores, clock=now)

    def between(self) -> None:
        """The twin's own schedules run as they do."""

    def held(self, tenant: str) -> str:
        scans = (self._twin.client("dynamodb").get_paginator("scan").paginate(TableName=f"septet-twin-{table}") for table in TABLES)
        items = (json.dumps(item, sort_keys=True) for pages in scans for page in pages for item in page["Items"])
        return "\n".join(sorted(text for text in items if tenant in text))


@pytest.fixture
def world(twin: Any) -> Iterator[OverHttp]:
    found = OverHttp(twin)
    yield found
    found.close()


@pytest.mark.timeout(900)  # what is stored of a tenant is looked up in all that the tests before have left
def test_tenants_do_not_reach_each_other(twin: Any, world: OverHttp) -> None:
    tenants = book(4, seed=now())
    mover = Mover(book=tenants, keys=KEYS, submitters=("ann",), lasting=LASTING)
    fuzz = Fuzz(world=world, mover=mover, seed=1)
    for tenant in tenants.markers:  # every key's run first, and to its end: while a tenant rests, nothing of its own goes on
        started = [world.send(submission(tenant, key, tenants.markers[tenant])) for key in KEYS]
        with Desk(twin=twin, tenant=tenant) as desk:
            for run in [json.loads(answer.body)["id"] for answer in started]:
                desk.ended(run)
                until(partial(closed, twin, tenant, run), seconds=150, what=f"the closing of {run}")
                tenants.learn(tenant, [run], None)
    found = fuzz.run(3 * OPERATIONS_EACH_ROUND, rounds=3)
    assert (found.reads, found.writes, found.broken) == ([], [], [])
    assert found.stolen > 20
    assert len(found.operations) > len(OPERATIONS) // 2


def closed(twin: Any, tenant: str, run: str) -> bool | None:
    """Whether the run's account is closed, some time after its end."""
    return "closed" in (AccountTable(twin.client("dynamodb"), "septet-twin-accounts").get(tenant, of_run(run)) or {}) or None


def submission(tenant: str, key: str, marker: str) -> Request:
    return Request(
        tenant=tenant,
        subject="ann",
        roles=ROLES,
        operation="submitRun",
        method="POST",
        path="/v1/runs",
        headers={"Idempotency-Key": key},
        body={"workflow": "support", "input": {"message": f"{marker} {key}"}},
    )
