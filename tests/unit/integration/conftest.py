"""One API over the ports' in-memory doubles, and people who use it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from septet.core.entries import ApprovalAsked, Body
from septet.core.inquiries import Inquiry, inquiry_id
from septet.core.journal import Branch, Pen, after
from septet.core.rows import Plan
from septet.core.waits import for_inquiry
from septet.integration.conversing import begin
from septet.integration.filing import Offer, offer
from septet.integration.ports import Declaration, ExecutionState, Ports, Principal
from septet.integration.problems import Kind, Problem
from septet.integration.replaying import Wanted, order
from septet.integration.stopping import stop_run
from septet.integration.submitting import Submission, submit
from septet.local.approvals import MemoryApprovals, MemoryExecutions
from septet.local.costs import MemoryCosts
from septet.local.erasing import LocalEraser, MemoryContents
from septet.local.files import MemoryFileContents, MemoryFiles
from septet.local.inquiries import MemoryInquiries
from septet.local.journal import MemoryJournal
from septet.local.ledger import MemoryLedger
from septet.local.replays import MemoryReplays
from septet.local.rows import MemoryRows
from septet.local.runs import MemoryRuns
from septet.local.seals import MemoryKey, MemorySeals, MemoryUnsealed
from septet.local.sessions import MemorySessions
from septet.local.stop_records import MemoryStopRecords
from septet.local.stops import MemoryStops
from septet.local.summaries import MemorySummaries
from septet.local.waits import MemoryWaits
from septet.local.workflows import MemoryWorkflows
from septet.orchestration.erasing import Eraser
from septet.orchestration.sealing import Sealer
from septet.orchestration.sweeping import Sweeper, Swept
from septet.security.approvals import Approval, approval_id

if TYPE_CHECKING:
    from collections.abc import Callable

START = 1_763_847_300_000
SUPPORT = Declaration(
    description="Answers a customer",
    input_schema={
        "type": "object",
        "properties": {
            "message": {"type": "string", "minLength": 1, "maxLength": 8000, "x-septet-source": "external"},
            "channel": {"type": "string", "enum": ["mail", "chat"], "x-septet-source": "trusted"},
            "orders": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        },
        "required": ["message"],
        "additionalProperties": False,
    },
)


def principal(subject: str = "ann", *roles: str, tenant: str = "acme") -> Principal:
    return Principal(tenant=tenant, subject=subject, roles=frozenset(roles or ("submitter",)))


class Clock:
    """A clock that stands until it is put forward."""

    def __init__(self) -> None:
        self.now = START

        self.pauses = 0
        self.during: dict[int, Callable[[], None]] = {}
        """What happens during which pause, the first being 1."""

    def __call__(self) -> int:
        return self.now

    def pause(self, milliseconds: int) -> None:
        """Let *milliseconds* pass, and have happen what is to happen in this pause."""
        self.now += milliseconds
        self.pauses += 1
        self.during.get(self.pauses, lambda: None)()


class People:
    """A double of the identity port: a token reads ``tenant/subject/role,role``."""

    def principal(self, token: str) -> Principal:
        if token.count("/") != 2:
            raise Problem(Kind.UNAUTHENTICATED, "no such person")
        tenant, subject, roles = token.split("/")
        return Principal(tenant=tenant, subject=subject, roles=frozenset(filter(None, roles.split(","))))


@dataclass
class Office:
    """The API's ports as doubles, and what happens behind them."""

    journal: Any = field(default_factory=MemoryJournal)
    ledger: Any = field(default_factory=MemoryLedger)
    runs: Any = field(default_factory=MemoryRuns)
    approvals: Any = field(default_factory=MemoryApprovals)
    executions: Any = field(default_factory=MemoryExecutions)
    workflows: Any = field(default_factory=MemoryWorkflows)
    clock: Clock = field(default_factory=Clock)
    id_keys: tuple[bytes, ...] = (b"a secret of the tests",)
    identity: Any = field(default_factory=People)
    seals: Any = field(default_factory=MemorySeals)
    key: Any = field(default_factory=MemoryKey)
    capacity: int = 1_000
    schemas: Any = field(default_factory=dict)
    """Of tools."""
    files: Any = field(default_factory=MemoryFiles)
    contents: Any = field(default_factory=MemoryFileContents)
    rows: Any = field(default_factory=MemoryRows)
    inquiries: Any = field(default_factory=MemoryInquiries)
    waits: Any = field(default_factory=MemoryWaits)
    stops: Any = field(default_factory=MemoryStops)
    stop_records: Any = field(default_factory=MemoryStopRecords)
    called: list[tuple[str, str]] = field(default_factory=list)
    """Stops that somebody was called to go on with."""
    sessions: Any = field(default_factory=MemorySessions)
    costs: Any = field(default_factory=MemoryCosts)
    summaries: Any = field(default_factory=MemorySummaries)
    replays: Any = field(default_factory=MemoryReplays)
    replayed: list[tuple[str, str]] = field(default_factory=list)
    """Replays that somebody was called to go on with."""
    erases: int = 1_000_000
    """Entries that the eraser has time for in a call."""

    @property
    def eraser(self) -> LocalEraser:
        contents = MemoryContents(
            journal=self.journal,
            runs=self.runs,
            approved=self.approvals,
            inquired=self.inquiries,
            filed=self.files,
            held=self.contents,
        )
        return LocalEraser(eraser=Eraser(contents=contents, runs=self.runs, clock=self.clock), entries=self.erases)

    @property
    def sealer(self) -> Sealer:
        return Sealer(heads=self.journal, unsealed=MemoryUnsealed(self.runs), seals=self.seals, signer=self.key, clock=self.clock)

    @property
    def ports(self) -> Ports:
        return Ports(
            identity=self.identity,
            journal=self.journal,
            ledger=self.ledger,
            runs=self.runs,
            approvals=self.approvals,
            executions=self.executions,
            workflows=self.workflows,
            heads=self.journal,
            seals=self.seals,
            keys=self.key,
            eraser=self.eraser,
            clock=self.clock,
            id_keys=lambda: self.id_keys,
            declared={"support": replace(SUPPORT, agents=("refunds",)), "undoing": replace(SUPPORT, undoes=True)},
            schemas=self.schemas,
            capacity=self.capacity,
            inquiries=self.inquiries,
            waits=self.waits,
            stops=self.stops,
            stop_records=self.stop_records,
            reconcile=lambda tenant, stop: self.called.append((tenant, stop)),
            platform_tenant="operations",
            sessions=self.sessions,
            agents={"refunds": ("double.model-1", "double.model-2")},
            files=self.files,
            contents=self.contents,
            rows=self.rows,
            pause=self.clock.pause,
            costs=self.costs,
            summaries=self.summaries,
            replays=self.replays,
            replay=lambda tenant, replay: self.replayed.append((tenant, replay)),
        )

    def start(self, who: Principal | None = None, message: str = "where is it?", key: str | None = None, **rest: Any) -> str:
        """A run of *who*'s, started a millisecond after the one before."""
        self.clock.now += 1
        return submit(Submission(workflow="support", input={"message": message}, key=key, **rest), who or principal(), self.ports).run

    def session(self, who: Principal | None = None) -> str:
        """A session of *who*'s in which nobody has said anything."""
        self.clock.now += 1
        return begin("support", None, who or principal(), self.ports).session

    def write(self, run: str, *bodies: Body, agent: str = "refunds", tenant: str = "acme", **rest: Any) -> None:
        """An agent's entries."""
        branch = Branch(tenant=tenant, run=run)
        pen = Pen(journal=self.journal, branch=branch, clock=self.clock, head=after(self.journal.read(branch)), agent=agent, turn="t-1")
        for body in bodies:
            pen.write(body, **rest)

    def ask(self, run: str, *, tenant: str = "acme", amount: int = 9000, seconds: int = 600, token: str = "token-1") -> Approval:  # noqa: S107 -- made up
        """A question of an agent's in *run*, and an execution that waits."""
        arguments = {"order_id": "1002", "amount": amount}
        question = Approval(
            tenant=tenant,
            approval=approval_id(tenant, run, "issue_refund", arguments),
            run=run,
            turn="t-1",
            tool="issue_refund",
            arguments=arguments,
            asked_by="refunds",
            asked_at=self.clock(),
            expires_at=self.clock() + seconds * 1000,
            reasons=("amount is above 5000",),
            evidence=({"name": "order 1002", "value": {"paid": 9000}, "source": "find_order, entry 4"},),
            token=token,
        )
        self.approvals.ask(question)
        asked = ApprovalAsked(
            call="c-1",
            tool=question.tool,
            arguments=arguments,
            approval=question.approval,
            expires_at=question.expires_at,
            reasons=question.reasons,
        )
        self.write(run, asked, tenant=tenant)
        return question

    def inquire(self, run: str, *, step: str = "ask", waits: bool = True, roles: tuple[str, ...] = ("responder", "operator")) -> Inquiry:
        """A question to somebody outside in *run*, for ten minutes, and an execution that waits."""
        schema = {
            "type": "object",
            "properties": {"days": {"type": "integer", "minimum": 0, "maximum": 365}},
            "required": ["days"],
            "additionalProperties": False,
        }
        asked = Inquiry(
            tenant="acme",
            inquiry=inquiry_id("acme", run, "main", step),
            run=run,
            name="delivery_date",
            to="supplier",
            roles=roles,
            question={"text": "When?", "about": "A-1002"},
            answer_schema=schema,
            asked_at=self.clock(),
            expires_at=self.clock() + 600_000,
        )
        self.inquiries.ask(asked)
        if waits:
            self.waits.put("acme", run, for_inquiry(asked.inquiry), "token-9")
        return asked

    def stop(self, run: str) -> str:
        """The id of a stop of *run*, which an operator orders."""
        return stop_run(run, "enough", principal("night-shift", "operator"), self.ports).order.stop

    def replay(self) -> str:
        """The id of a replay of everything, which an operator orders."""
        return order(Wanted(since="2026-01-01"), None, principal("night-shift", "operator"), self.ports).replay.replay

    def batch(self, run: str, *, owner: str = "ann") -> str:
        """Makes a batch of *run*, and a file of its owner's."""
        self.rows.keep("acme", run, Plan(rows=1, tolerated=0))
        offered = Offer(name="claims.csv", media_type="text/csv", bytes=8, sha256="cd" * 32)
        return offer(offered, principal(owner), self.ports).file.file

    def end(self, run: str, status: Any = "succeeded", **rest: Any) -> None:
        """The run's execution ends; nobody tells the record."""
        execution = self.runs.get("acme", run).execution
        self.workflows.states[execution] = ExecutionState(status=status, ended_at=self.clock() + 5, **rest)

    def sweep(self) -> Swept:
        """What the sweeper does at this moment."""
        return Sweeper(
            ledger=self.ledger,
            journal=self.journal,
            runs=self.runs,
            unsealed=MemoryUnsealed(self.runs),
            workflows=self.workflows,
            clock=self.clock,
        ).sweep()

    def forget_execution(self, run: str) -> None:
        """As if the submission had broken off before the execution was noted."""
        record = self.runs.get("acme", run)
        self.runs._runs["acme", run] = replace(record, execution="")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture(scope="session")
def make_office() -> type[Office]:
    """For properties, which need a new one an example."""
    return Office
