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
from septet.aws.choices import DynamoChoices
from septet.aws.control import Control, DynamoStops
from septet.aws.costs import DynamoCosts
from septet.aws.documents import DynamoDocuments
from septet.aws.effects import DynamoEffects
from septet.aws.file_contents import S3FileContents
from septet.aws.files import DynamoFiles
from septet.aws.happened import DynamoEffected
from septet.aws.inquiries import DynamoInquiries
from septet.aws.journal import DynamoJournal
from septet.aws.ledger import DynamoLedger
from septet.aws.progress import DynamoProgresses
from septet.aws.replays import DynamoReplays
from septet.aws.rows import DynamoRows
from septet.aws.runs import DynamoRuns
from septet.aws.sessions import DynamoSessions
from septet.aws.stop_records import DynamoStopRecords
from septet.aws.summaries import DynamoSummaries
from septet.aws.usuals import DynamoUsuals
from septet.aws.waits import DynamoWaits
from septet.core.choices import Tally
from septet.core.costs import Spent
from septet.core.entries import Answer
from septet.core.files import File
from septet.core.inquiries import Inquiry
from septet.core.journal import Branch, Head, Pen
from septet.core.ledger import Account, Budgets
from septet.core.replays import Going, Missed, Replay
from septet.core.rows import Plan, Row
from septet.core.runs import Run
from septet.core.sessions import Session
from septet.core.stopping import StopOrder, StoppedRun
from septet.core.stops import Standing
from septet.core.summaries import Summary, Wanted
from septet.execution.ports import Reply
from septet.local.journal import MemoryJournal
from septet.observability.anomalies import Usual
from septet.observability.progress import Progress
from septet.security.approvals import Approval
from septet.security.effects import Effect

RUN = Run(tenant="acme", run="run-1", workflow="w", submitter="s", digest="d", created_at=1)
APPROVAL = Approval(tenant="acme", approval="apr-1", run="run-1", turn="t", tool="x", arguments={}, asked_by="a", asked_at=1, expires_at=2)
EFFECT = Effect(tenant="acme", run="run-1", key="k", tool="x", deadline=1, by="b", status="intended")
INQUIRY = Inquiry(
    tenant="acme",
    inquiry="inq-1",
    run="run-1",
    name="n",
    to="x",
    roles=("responder",),
    question=1,
    answer_schema={},
    asked_at=1,
    expires_at=2,
)
ORDER = StopOrder(tenant="acme", stop="stp-1", scope="tenant", by="b", reason="r", at=1)
STOPPED = StoppedRun(tenant="acme", run="run-1", workflow="w", since=1, found_at=1)
FILE = File(
    tenant="acme",
    file="fil-1",
    name="n",
    media_type="text/csv",
    bytes=1,
    sha256="ab" * 32,
    owner="s",
    created_at=1,
    place="fil-1/content",
)
BRANCH = Branch(tenant="acme", run="run-1")
REPLAY = Replay(tenant="acme", replay="rpl-1", by="b", at=1, of="other")
SUMMARY = Summary(tenant="acme", run="run-1", workflow="w", submitter="s", status="running", created=1)
SESSION = Session(tenant="acme", session="ses-1", workflow="support", principal="ann", created_at=1)
STOP = Standing(scope="tenant", by="b", reason="r", at=1)
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
    asked = asked.get("Params", asked)  # of a request that is signed for somebody else to make
    if "Bucket" in asked:
        return str(asked.get("Key", asked.get("Prefix", ""))).split("/")[0]
    held = (
        _tenants_own(asked.get("Key") or {})
        or asked.get("Key")
        or asked.get("Item")
        or {name.strip(":#"): value for name, value in asked["ExpressionAttributeValues"].items()}
    )
    name = next(name for name in ("tenant", "pk", "account", "cache") if name in held)
    return str(held[name]["S"]).split("#")[0]


def _tenants_own(key: Mapping[str, Any]) -> Mapping[str, Any]:
    """In the partition of everybody, the count of a tenant's runs is that tenant's."""
    kind, _, tenant = key.get("item", {"S": ""})["S"].partition("#")
    return {"tenant": {"S": tenant}} if kind == "load" and key["tenant"] == {"S": "*"} else {}


def ledger(client: Any) -> DynamoLedger:
    return DynamoLedger(AccountTable(client, "accounts"), Control(client, "control"), Budgets(day=3, run=2, usual=1))


def bodies(client: Any) -> S3Bodies:
    return S3Bodies(lambda: client, "bodies", "key")


def effects(client: Any) -> DynamoEffects:
    return DynamoEffects(client, "effects", accounts="accounts", bodies=bodies(client), pause=lambda _: None)


def _written(contents: S3FileContents) -> None:
    with contents.writing("acme", "run-1/results.csv") as out:
        out.write(b"x")


MAKE: Mapping[type, Callable[[Any], Any]] = {
    DynamoJournal: lambda client: DynamoJournal(client, "journal", bodies(client)),
    DynamoRuns: lambda client: DynamoRuns(client, "runs"),
    DynamoApprovals: lambda client: DynamoApprovals(client, "approvals"),
    DynamoEffects: effects,
    DynamoLedger: ledger,
    DynamoStops: lambda client: DynamoStops(client, "control"),
    DynamoCache: lambda client: DynamoCache(client, "cache"),
    DynamoChoices: lambda client: DynamoChoices(client, "choices"),
    DynamoInquiries: lambda client: DynamoInquiries(client, "inquiries"),
    DynamoSessions: lambda client: DynamoSessions(client, "sessions", pause=lambda _: None),
    DynamoWaits: lambda client: DynamoWaits(client, "waits"),
    DynamoDocuments: lambda client: DynamoDocuments(client, "documents"),
    DynamoStopRecords: lambda client: DynamoStopRecords(client, "stops"),
    DynamoEffected: lambda client: DynamoEffected(client, "effects"),
    S3Bodies: bodies,
    DynamoRows: lambda client: DynamoRows(client, "rows"),
    DynamoCosts: lambda client: DynamoCosts(client, "costs"),
    DynamoSummaries: lambda client: DynamoSummaries(client, "summaries"),
    DynamoUsuals: lambda client: DynamoUsuals(client, "summaries"),
    DynamoReplays: lambda client: DynamoReplays(client, "replays", pause=lambda _: None),
    DynamoProgresses: lambda client: DynamoProgresses(client, "projections"),
    DynamoFiles: lambda client: DynamoFiles(client, "files"),
    S3FileContents: lambda client: S3FileContents(client, "bodies", "key"),
}
USES: Mapping[str, Callable[[Any], Any]] = {
    "DynamoJournal.read": lambda it: list(it.read(BRANCH)),
    "DynamoJournal.last": lambda it: it.last(BRANCH),
    "DynamoJournal.append": lambda it: it.append(BRANCH, ENTRY, writer="w"),
    "DynamoRuns.create": lambda it: it.create(RUN),
    "DynamoRuns.get": lambda it: it.get("acme", "run-1"),
    "DynamoRuns.page": lambda it: it.page("acme", limit=1),
    "DynamoRuns.started": lambda it: it.started("acme", "run-1", "arn"),
    "DynamoRuns.part": lambda it: it.part("acme", "run-1", ["a"]),
    "DynamoRuns.refuse": lambda it: it.refuse("acme", "run-1", at=1, error="E", message="m"),
    "DynamoRuns.keep": lambda it: it.keep("acme", "run-1", attempt=0),
    "DynamoRuns.cancel": lambda it: it.cancel("acme", "run-1", by="b", reason="r"),
    "DynamoRuns.stop": lambda it: it.stop("acme", "run-1", attempt=0, why="w"),
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
    "DynamoEffects.undone": lambda it: it.undone(EFFECT),
    "DynamoEffects.release": lambda it: it.release(EFFECT),
    "DynamoEffects.get": lambda it: it.get("acme", "run-1", "k"),
    "DynamoCache.get": lambda it: it.get("acme", "k", now=1),
    "DynamoCache.put": lambda it: it.put("acme", "k", Reply(text="t"), until=1),
    "DynamoChoices.pasts": lambda it: it.pasts("acme", "refunds"),
    "DynamoChoices.awaiting": lambda it: it.awaiting("acme", "run-1", now=1),
    "DynamoChoices.unlearnt": lambda it: it.unlearnt("acme", "run-1"),
    "DynamoChoices.learn": lambda it: it.learn("acme", "run-1", {("refunds", "refunds"): Tally(good=1)}, now=1),
    "DynamoInquiries.ask": lambda it: it.ask(INQUIRY),
    "DynamoInquiries.get": lambda it: it.get("acme", "inq-1"),
    "DynamoInquiries.listed": lambda it: it.listed("acme"),
    "DynamoInquiries.end": lambda it: it.end("acme", "inq-1", outcome="cancelled", at=1, by="b"),
    "DynamoInquiries.delivered": lambda it: it.delivered("acme", "inq-1"),
    "DynamoSessions.create": lambda it: it.create(SESSION),
    "DynamoSessions.get": lambda it: it.get("acme", "ses-1"),
    "DynamoSessions.replace": lambda it: it.replace(SESSION, SESSION, ()),
    "DynamoSessions.message": lambda it: it.message("acme", "ses-1", 0),
    "DynamoSessions.keyed": lambda it: it.keyed("acme", "ses-1", "k"),
    "DynamoSessions.messages": lambda it: it.messages("acme", "ses-1", before=1, limit=1),
    "DynamoRuns.claim": lambda it: it.claim("acme", "run-1", "arn"),
    "DynamoRuns.take_back": lambda it: it.take_back(RUN, attempt=1),
    "DynamoRuns.restart": lambda it: it.restart("acme", "run-1", attempt=1, at=1, execution="arn"),
    "DynamoWaits.put": lambda it: it.put("acme", "run-1", "approval/a", "token"),
    "DynamoWaits.of": lambda it: it.of("acme", "run-1"),
    "DynamoWaits.find": lambda it: it.find("acme", "run-1", "approval/a"),
    "DynamoWaits.drop": lambda it: it.drop("acme", "run-1", "approval/a"),
    "DynamoDocuments.all": lambda it: it.all("acme"),
    "DynamoDocuments.read": lambda it: it.read("acme", "a"),
    "DynamoCosts.put": lambda it: it.put(Spent(tenant="acme", run="run-1", path="main", day="2026-11-23", workflow="w", lines=())),
    "DynamoCosts.page": lambda it: it.page("acme", since="2026-11-23", until="2026-11-23", limit=1),
    "DynamoSummaries.put": lambda it: it.put(SUMMARY),
    "DynamoSummaries.get": lambda it: it.get("acme", "run-1"),
    "DynamoSummaries.page": lambda it: it.page("acme", Wanted(), limit=1),
    "DynamoSummaries.flag": lambda it: it.flag("acme", "run-1", "cost"),
    "DynamoUsuals.get": lambda it: it.get("acme", "w"),
    "DynamoUsuals.put": lambda it: it.put("acme", "w", Usual()),
    "DynamoProgresses.get": lambda it: it.get(BRANCH),
    "DynamoProgresses.keep": lambda it: it.keep(BRANCH, Progress(next=1), before=Progress()),
    "DynamoReplays.going": lambda it: it.going("acme"),
    "DynamoReplays.create": lambda it: it.create(REPLAY, Going()),
    "DynamoReplays.resume": lambda it: it.resume(REPLAY, Going()),
    "DynamoReplays.get": lambda it: it.get("acme", "rpl-1"),
    "DynamoReplays.keep": lambda it: it.keep(REPLAY),
    "DynamoReplays.miss": lambda it: it.miss(REPLAY, 0, Missed(run="run-1", reason="r")),
    "DynamoReplays.missed": lambda it: it.missed("acme", "rpl-1"),
    "DynamoReplays.progresses": lambda it: it.progresses(REPLAY).get(BRANCH),
    "DynamoStopRecords.put": lambda it: it.put(ORDER),
    "DynamoStopRecords.get": lambda it: it.get("acme", "stp-1"),
    "DynamoStopRecords.listed": lambda it: it.listed("acme"),
    "DynamoStopRecords.acknowledged": lambda it: it.acknowledged(ORDER, 1),
    "DynamoStopRecords.finished": lambda it: it.finished(ORDER, 1),
    "DynamoStopRecords.lifted": lambda it: it.lifted(ORDER, by="b", at=1),
    "DynamoStopRecords.cover": lambda it: it.cover(ORDER, STOPPED),
    "DynamoStopRecords.renew": lambda it: it.renew(ORDER, STOPPED),
    "DynamoStopRecords.covered": lambda it: it.covered("acme", "stp-1"),
    "DynamoEffected.of": lambda it: it.of("acme", "run-1"),
    "DynamoRows.plan": lambda it: it.plan("acme", "run-1"),
    "DynamoRows.keep": lambda it: it.keep("acme", "run-1", Plan(rows=1, tolerated=0)),
    "DynamoRows.put": lambda it: it.put("acme", "run-1", [Row(number=1)]),
    "DynamoRows.begin": lambda it: it.begin("acme", "run-1", Row(number=1)),
    "DynamoRows.settle": lambda it: it.settle("acme", "run-1", Row(number=1)),
    "DynamoRows.read": lambda it: it.read("acme", "run-1"),
    "DynamoFiles.put": lambda it: it.put(FILE),
    "DynamoFiles.get": lambda it: it.get("acme", "fil-1"),
    "DynamoFiles.used": lambda it: it.used("acme", "fil-1", "run-1"),
    "S3FileContents.upload": lambda it: it.upload(FILE, now=1),
    "S3FileContents.download": lambda it: it.download(FILE, now=1),
    "S3FileContents.there": lambda it: it.there(FILE),
    "S3FileContents.read": lambda it: list(it.read("acme", "fil-1/content")),
    "S3FileContents.part": lambda it: it.part("acme", "fil-1/content", 0, 1),
    "S3FileContents.writing": _written,
    "S3Bodies.put": lambda it: it.put(BRANCH, "d", b"x"),
    "S3Bodies.get": lambda it: it.get(BRANCH, "d"),
    "DynamoLedger.open": lambda it: it.open(BRANCH, 1, now=1),
    "DynamoLedger.open_branch": lambda it: it.open_branch(BRANCH, 1),
    "DynamoLedger.end": lambda it: it.end("acme", "run-1"),
    "DynamoLedger.close": lambda it: it.close("acme", "run-1"),
    "DynamoLedger.look_again": lambda it: it.look_again("acme", "run-1", at=1),
    "DynamoLedger.put_off": lambda it: it.put_off(Account(tenant="acme", name="run/run-1", limit=1), at=1),
    "DynamoLedger.stop": lambda it: it.stop("acme", "run/run-1", "r"),
    "DynamoLedger.account": lambda it: it.account("acme", "day/1"),
    "DynamoLedger.budgets": lambda it: it.budgets("acme"),
    "DynamoLedger.set_budgets": lambda it: it.set_budgets("acme", Budgets(day=3, run=2, usual=1), now=1),
    "DynamoLedger.reopen": lambda it: it.reopen(BRANCH, 1, now=1),
    "DynamoLedger.stop_branch": lambda it: it.stop_branch(BRANCH, "r"),
    "DynamoLedger.halt": lambda it: it.halt("acme", "run-1", "agent", "r"),
    "DynamoLedger.running": lambda it: it.running("acme"),
    "DynamoStops.put": lambda it: it.put("acme", STOP),
    "DynamoStops.lift": lambda it: it.lift("acme", "tenant"),
    "DynamoLedger.reserve": lambda it: it.reserve(BRANCH, 1, 1, until=1, settle={}),
    "DynamoLedger.settle": lambda it: it.settle(BRANCH, {1: 1}),
}
FOR_EVERYBODY = {
    "DynamoApprovals.undelivered": "the outbox, for the step that tells executions",
    "DynamoApprovals.escalating": "overdue questions, for the step that tells operators",
    "DynamoApprovals.waiting": "open questions, for the step that counts what stands",
    "DynamoInquiries.undelivered": "the outbox, for the step that tells executions",
    "DynamoStopRecords.unfinished": "stops to go on with, for the step that reconciles them",
    "DynamoLedger.lapsed": "overdue reservations, for the sweeper",
    "DynamoSessions.due": "sessions whose time has come, for the step that lets them go on",
    "DynamoLedger.tenants": "how much each tenant runs, for admission and for a stop of the platform",
    "DynamoStops.of": "the tenant's stops, and everybody's",
}
"""What reads an index across tenants, and for whom; tests/stacks/test_tenancy.py says which roles may."""


def public(kind: type) -> set[str]:
    return {f"{kind.__name__}.{name}" for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")}


def test_every_way_into_a_store_is_tried_or_says_whom_it_serves() -> None:
    assert {name for kind in MAKE for name in public(kind)} == USES.keys() | FOR_EVERYBODY.keys() | {"S3FileContents.place"}
    assert S3FileContents(None, "bodies", "key").place("acme", "fil-1/content") == ("bodies", "acme/fil-1/content"), "asks nobody"


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
