"""Whatever an adapter asks a store for lies under the tenant it was asked about."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from septet.aws.account_table import AccountTable
from septet.aws.approvals import DynamoApprovals
from septet.aws.bodies import S3Bodies
from septet.aws.cache import DynamoCache
from septet.aws.effects import DynamoEffects
from septet.aws.journal import DynamoJournal
from septet.aws.ledger import DynamoLedger
from septet.aws.runs import DynamoRuns
from septet.core.entries import Answer
from septet.core.journal import Branch, Head, Pen
from septet.core.ledger import Account, Budgets
from septet.core.runs import Run
from septet.execution.ports import Reply
from septet.local.journal import MemoryJournal
from septet.security.approvals import Approval
from septet.security.effects import Effect

RUN = Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="d", created_at=1)
APPROVAL = Approval(tenant="acme", approval="apr-1", run="run-1", turn="t", tool="x", arguments={}, asked_by="a", asked_at=1, expires_at=2)
EFFECT = Effect(tenant="acme", run="run-1", key="k", tool="x", deadline=1, by="b", status="intended")
BRANCH = Branch(tenant="acme", run="run-1")
ENTRY = Pen(journal=MemoryJournal(), branch=BRANCH, clock=lambda: 1, head=Head()).write(Answer(value=1))
LARGE = Pen(journal=MemoryJournal(), branch=BRANCH, clock=lambda: 1, head=Head()).write(Answer(value="x" * 300_000))


class Asked(Exception):  # noqa: N818 -- says what happened
    """The store was asked; what it would answer is of no interest here."""


class Client:
    """A double of DynamoDB's or S3's client, which notes what it is asked for."""

    class exceptions:  # noqa: N801 -- boto3's name for it
        class ConditionalCheckFailedException(Exception):  # noqa: N818 -- boto3's name for it
            pass

        class NoSuchKey(Exception):  # noqa: N818 -- boto3's name for it
            pass

    def __init__(self) -> None:
        self.requests: list[Mapping[str, Any]] = []

    def get_paginator(self, _: str) -> "Client":
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def request(**asked: Any) -> Any:
            self.requests.append(asked)
            raise Asked(name)

        return request

    @property
    def places(self) -> Iterator[str]:
        """The first part of every key that was asked for."""
        for asked in self.requests:
            for one in asked.get("TransactItems", [{"": asked}]):
                (write,) = one.values()
                yield _place(write)


def _place(asked: Mapping[str, Any]) -> str:
    if "Bucket" in asked:
        return str(asked.get("Key", asked.get("Prefix", ""))).split("/")[0]
    held = asked.get("Key") or asked.get("Item") or {name.strip(":#"): value for name, value in asked["ExpressionAttributeValues"].items()}
    name = next(name for name in ("tenant", "pk", "account", "cache") if name in held)
    return str(held[name]["S"]).split("#")[0]


def ledger(client: Any) -> DynamoLedger:
    return DynamoLedger(AccountTable(client, "accounts"), Budgets(day=3, run=2, usual=1))


def bodies(client: Any) -> S3Bodies:
    return S3Bodies(lambda: client, "bodies", "key")


def effects(client: Any) -> DynamoEffects:
    return DynamoEffects(client, "effects", accounts="accounts", bodies=bodies(client), pause=lambda _: None)


MAKE: Mapping[type, Callable[[Any], Any]] = {
    DynamoJournal: lambda client: DynamoJournal(client, "journal", bodies(client)),
    DynamoRuns: lambda client: DynamoRuns(client, "runs"),
    DynamoApprovals: lambda client: DynamoApprovals(client, "approvals"),
    DynamoEffects: effects,
    DynamoLedger: ledger,
    DynamoCache: lambda client: DynamoCache(client, "cache"),
    S3Bodies: bodies,
}
USES: Mapping[str, Callable[[Any], Any]] = {
    "DynamoJournal.read": lambda it: list(it.read(BRANCH)),
    "DynamoJournal.last": lambda it: it.last(BRANCH),
    "DynamoJournal.append": lambda it: it.append(BRANCH, ENTRY, writer="w"),
    "DynamoRuns.create": lambda it: it.create(RUN),
    "DynamoRuns.get": lambda it: it.get("acme", "run-1"),
    "DynamoRuns.page": lambda it: it.page("acme", limit=1),
    "DynamoRuns.started": lambda it: it.started("acme", "run-1", "arn"),
    "DynamoRuns.refuse": lambda it: it.refuse("acme", "run-1", at=1, error="E", message="m"),
    "DynamoRuns.close": lambda it: it.close("acme", "run-1", status="failed", ended_at=1),
    "DynamoApprovals.ask": lambda it: it.ask(APPROVAL),
    "DynamoApprovals.get": lambda it: it.get("acme", "apr-1"),
    "DynamoApprovals.listed": lambda it: it.listed("acme"),
    "DynamoApprovals.decide": lambda it: it.decide("acme", "apr-1", status="rejected", by="b", reason="r", at=1),
    "DynamoApprovals.refuse": lambda it: it.refuse("acme", "apr-1", why="w"),
    "DynamoApprovals.use": lambda it: it.use("acme", "apr-1", use="u", at=1),
    "DynamoApprovals.wait": lambda it: it.wait("acme", "apr-1", "token"),
    "DynamoApprovals.delivered": lambda it: it.delivered("acme", "apr-1"),
    "DynamoApprovals.escalate": lambda it: it.escalate("acme", "apr-1"),
    "DynamoEffects.intend": lambda it: it.intend(BRANCH, EFFECT),
    "DynamoEffects.done": lambda it: it.done(EFFECT, 1),
    "DynamoEffects.release": lambda it: it.release(EFFECT),
    "DynamoEffects.get": lambda it: it.get("acme", "run-1", "k"),
    "DynamoCache.get": lambda it: it.get("acme", "k", now=1),
    "DynamoCache.put": lambda it: it.put("acme", "k", Reply(text="t"), until=1),
    "S3Bodies.put": lambda it: it.put(BRANCH, "d", b"x"),
    "S3Bodies.get": lambda it: it.get(BRANCH, "d"),
    "DynamoLedger.open": lambda it: it.open(BRANCH, 1, now=1),
    "DynamoLedger.open_branch": lambda it: it.open_branch(BRANCH, 1),
    "DynamoLedger.close": lambda it: it.close("acme", "run-1"),
    "DynamoLedger.look_again": lambda it: it.look_again("acme", "run-1", at=1),
    "DynamoLedger.put_off": lambda it: it.put_off(Account(tenant="acme", name="run/run-1", limit=1), at=1),
    "DynamoLedger.stop": lambda it: it.stop("acme", "run/run-1", "r"),
    "DynamoLedger.account": lambda it: it.account("acme", "day/1"),
    "DynamoLedger.budgets": lambda it: it.budgets("acme"),
    "DynamoLedger.set_budgets": lambda it: it.set_budgets("acme", Budgets(day=3, run=2, usual=1), now=1),
    "DynamoLedger.reserve": lambda it: it.reserve(BRANCH, 1, 1, until=1, settle={}),
    "DynamoLedger.settle": lambda it: it.settle(BRANCH, {1: 1}),
}
FOR_EVERYBODY = {
    "DynamoApprovals.undelivered": "the outbox, for the step that tells executions",
    "DynamoApprovals.escalating": "overdue questions, for the step that tells operators",
    "DynamoLedger.lapsed": "overdue reservations, for the sweeper",
}
"""What reads an index across tenants, and for whom; tests/stacks/test_tenancy.py says which roles may."""


def public(kind: type) -> set[str]:
    return {f"{kind.__name__}.{name}" for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_every_way_into_a_store_is_tried_or_says_whom_it_serves() -> None:
    assert {name for kind in MAKE for name in public(kind)} == USES.keys() | FOR_EVERYBODY.keys()


@pytest.mark.parametrize("use", USES)
def test_it_stays_under_the_tenant(use: str) -> None:
    client = Client()
    (kind,) = (kind for kind in MAKE if kind.__name__ == use.partition(".")[0])
    with suppress(Asked):
        USES[use](MAKE[kind](client))
    assert set(client.places) == {"acme"}


def test_a_large_body_is_stored_for_its_tenant_with_the_tenant_in_the_keys_context() -> None:
    client = Client()
    with suppress(Asked):
        MAKE[DynamoJournal](client).append(BRANCH, LARGE, writer="w")
    (asked,) = client.requests
    assert (asked["Key"].split("/")[0], asked["SSEKMSEncryptionContext"]) == ("acme", "eyJ0ZW5hbnQiOiJhY21lIn0=")
