"""What the API can do: one table that the router serves and the document describes."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel

from septet.core.money import microdollars
from septet.core.seals import ALGORITHM
from septet.integration import approving, budgets, erasing, reading, run_ids, sealed
from septet.integration.http import models, views
from septet.integration.ports import Ports, Principal
from septet.integration.submitting import Submission, submit
from septet.integration.voting import Decision

PAGE_BYTES = 4_000_000
"""Of entries, or approvals, in one answer: a Lambda function's may have 6 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request whose sender is known and whose parts are read."""

    principal: Principal
    name: str
    """The id in the path; empty where there is none."""
    query: Any
    """Of the operation's query model."""
    body: Any
    """Of the operation's body model."""
    key: str | None
    """The idempotency key, where the operation takes one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What is answered."""

    answer: BaseModel
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One thing the API can do."""

    id: str
    method: Literal["GET", "POST", "PUT"]
    path: str
    """With ``{run}`` or ``{approval}`` in it, or without."""
    summary: str
    act: Callable[[Call, Ports], Reply]
    answer: type[BaseModel]
    status: HTTPStatus = HTTPStatus.OK
    query: type[BaseModel] = models.Strict
    body: type[BaseModel] | None = None
    keyed: bool = False
    """Takes an idempotency key."""
    conflicts: str = ""
    """When the answer is 409; empty when it never is."""
    exhausts: str = ""
    """When the answer is 429; empty when it never is, but for API Gateway's own."""


def _submit(call: Call, ports: Ports) -> Reply:
    asked: models.Submission = call.body
    budget = microdollars(asked.budget) if asked.budget else None
    wanted = Submission(workflow=asked.workflow, input=asked.input, budget=budget, attended=asked.attended, key=call.key)
    run = submit(wanted, call.principal, ports)
    # Relative to the request, so that it is right below any stage or base path.
    return Reply(answer=views.accepted(run), headers={"Location": f"runs/{run.run}"})


def _runs(call: Call, ports: Ports) -> Reply:
    query: models.RunsQuery = call.query
    found = reading.listing(call.principal, ports, limit=query.limit, cursor=query.cursor, status=query.status)
    return Reply(answer=models.RunPage(runs=[views.line(run, status) for run, status in found.runs], next=found.next))


def _run(call: Call, ports: Ports) -> Reply:
    return Reply(answer=views.report(reading.report(call.name, call.principal, ports)))


def _journal(call: Call, ports: Ports) -> Reply:
    query: models.JournalQuery = call.query
    part = reading.Part(after=query.after, limit=query.limit, sealed=query.sealed, branch=query.branch)
    return _page(reading.excerpt(call.name, call.principal, ports, part=part), sealed=query.sealed)


def _history(call: Call, ports: Ports) -> Reply:
    query: models.HistoryQuery = call.query
    part = reading.Part(after=query.after, limit=query.limit, sealed=query.sealed)
    return _page(reading.limits(call.principal, ports, part=part), sealed=query.sealed)


def _page(found: reading.Excerpt, *, sealed: bool) -> Reply:
    """As many of the entries as one answer may hold, and at least one."""
    shown: list[Any] = _fitting(views.sealed(entry) if sealed else views.entry(entry) for entry in found.entries)
    more = len(shown) < len(found.entries)
    return Reply(answer=models.JournalPage(entries=shown, next=found.entries[len(shown) - 1].number if more else found.next))


def _fitting[M: BaseModel](found: Iterable[M]) -> list[M]:
    """As many of what is *found* as one answer may hold, from the first on, and at least that."""
    shown: list[M] = []
    size = 0
    for view in found:
        # What is answered is a text in a JSON document. Counted as ASCII, which is at least as long as what is sent.
        size += len(json.dumps(view.model_dump_json()))
        if shown and size > PAGE_BYTES:
            break
        shown.append(view)
    return shown


def _budget(call: Call, ports: Ports) -> Reply:
    return Reply(answer=views.budget(budgets.standing(call.principal, ports)))


def _set_budget(call: Call, ports: Ports) -> Reply:
    asked: models.BudgetChange = call.body
    wanted = {name: microdollars(getattr(asked, name)) for name in asked.model_fields_set}
    return Reply(answer=views.budget(budgets.change(wanted, call.principal, ports)))


def _approvals(call: Call, ports: Ports) -> Reply:
    query: models.ApprovalsQuery = call.query
    found = approving.listed(call.principal, ports, limit=query.limit + 1, status=query.status, cursor=query.cursor)
    now = ports.clock()
    shown = _fitting(views.approval(one, now) for one in found[: query.limit])
    more = approving.cursor_at(found[len(shown) - 1]) if len(shown) < len(found) else None
    return Reply(answer=models.ApprovalPage(approvals=shown, next=more))


def _approval(call: Call, ports: Ports) -> Reply:
    return Reply(answer=views.approval(approving.found(call.name, call.principal, ports), ports.clock()))


def _decide(call: Call, ports: Ports) -> Reply:
    said: models.Decision = call.body
    status: Literal["approved", "rejected"] = "approved" if said.decision == "approve" else "rejected"
    arguments = said.arguments if "arguments" in said.model_fields_set else None
    decision = Decision(approval=call.name, status=status, reason=said.reason, arguments=arguments, call=said.call)
    return Reply(answer=views.approval(approving.decide(decision, call.principal, ports), ports.clock()))


def _seals(call: Call, ports: Ports) -> Reply:
    """As many seals as one answer may hold, and at least one."""
    query: models.SealsQuery = call.query
    found = sealed.seals(call.principal, ports, after=query.after, limit=query.limit)
    shown: list[models.KeptSeal] = []
    size = 0
    for one in found.seals:
        view = views.kept(one)
        size += len(json.dumps(view.model_dump_json()))
        if shown and size > PAGE_BYTES:
            return Reply(answer=models.SealPage(seals=shown, next=shown[-1].name))
        shown.append(view)
    return Reply(answer=models.SealPage(seals=shown, next=found.next))


def _proofs(call: Call, ports: Ports) -> Reply:
    query: models.SealsQuery = call.query
    found = sealed.proofs(call.name, call.principal, ports, after=query.after, limit=query.limit)
    return Reply(answer=models.ProofPage(proofs=[models.SealProof(**one.document()) for one in found.proofs], next=found.next))


def _seal_key(call: Call, ports: Ports) -> Reply:
    key, pem = sealed.public_key(call.principal, ports)
    return Reply(answer=models.SealKey(key=key, algorithm=ALGORITHM, pem=pem))


def _erasures(call: Call, ports: Ports) -> Reply:
    query: models.HistoryQuery = call.query
    part = reading.Part(after=query.after, limit=query.limit, sealed=query.sealed)
    return _page(reading.entries(erasing.orders(call.principal), ports, part), sealed=query.sealed)


def _erase(call: Call, ports: Ports) -> Reply:
    asked: models.ErasureRequest = call.body
    wanted = erasing.Wanted(of=asked.of, subject=asked.subject)
    done = erasing.erase(wanted, call.principal, ports, erasure=asked.erasure, cursor=asked.cursor)
    kept = dict(done.kept)
    return Reply(answer=models.Erasure(erasure=done.erasure, erased=list(done.erased), kept=kept, more=done.more, next=done.next))


OPERATIONS = (
    Operation(
        id="submitRun",
        method="POST",
        path="/v1/runs",
        summary="Start a run of a workflow",
        act=_submit,
        answer=models.Accepted,
        status=HTTPStatus.ACCEPTED,
        body=models.Submission,
        keyed=True,
        conflicts="The tenant is stopped",
        exhausts="The tenant has less left today than the run asks for",
    ),
    Operation(
        id="listRuns",
        method="GET",
        path="/v1/runs",
        summary="List runs, newest first",
        act=_runs,
        answer=models.RunPage,
        query=models.RunsQuery,
    ),
    Operation(id="getRun", method="GET", path="/v1/runs/{run}", summary="See how a run stands", act=_run, answer=models.RunReport),
    Operation(
        id="readJournal",
        method="GET",
        path="/v1/runs/{run}/journal",
        summary="Read a run's journal",
        act=_journal,
        answer=models.JournalPage,
        query=models.JournalQuery,
    ),
    Operation(
        id="readRunSeals",
        method="GET",
        path="/v1/runs/{run}/seals",
        summary="Read what seals have of a run",
        act=_proofs,
        answer=models.ProofPage,
        query=models.SealsQuery,
    ),
    Operation(
        id="readSeals",
        method="GET",
        path="/v1/audit/seals",
        summary="Read the tenant's seals, oldest first",
        act=_seals,
        answer=models.SealPage,
        query=models.SealsQuery,
    ),
    Operation(
        id="getSealKey",
        method="GET",
        path="/v1/audit/key",
        summary="Read the public key that verifies seals",
        act=_seal_key,
        answer=models.SealKey,
    ),
    Operation(
        id="readErasures",
        method="GET",
        path="/v1/audit/erasures",
        summary="Read who had whose content erased",
        act=_erasures,
        answer=models.JournalPage,
        query=models.HistoryQuery,
    ),
    Operation(
        id="erase",
        method="POST",
        path="/v1/audit/erasures",
        summary="Erase the content of a run, of a person's runs, or of the tenant",
        act=_erase,
        answer=models.Erasure,
        body=models.ErasureRequest,
        conflicts="Others order erasures at the same moment",
    ),
    Operation(
        id="getBudget", method="GET", path="/v1/budget", summary="See the tenant's limits and its day", act=_budget, answer=models.Budget
    ),
    Operation(
        id="setBudget",
        method="PUT",
        path="/v1/budget",
        summary="Change the tenant's limits",
        act=_set_budget,
        answer=models.Budget,
        body=models.BudgetChange,
        conflicts="Others are changing limits at the same moment",
    ),
    Operation(
        id="readBudgetHistory",
        method="GET",
        path="/v1/budget/history",
        summary="Read who changed which limit",
        act=_history,
        answer=models.JournalPage,
        query=models.HistoryQuery,
    ),
    Operation(
        id="listApprovals",
        method="GET",
        path="/v1/approvals",
        summary="List approvals, newest question first",
        act=_approvals,
        answer=models.ApprovalPage,
        query=models.ApprovalsQuery,
    ),
    Operation(
        id="getApproval",
        method="GET",
        path="/v1/approvals/{approval}",
        summary="See a question and what is behind it",
        act=_approval,
        answer=models.Approval,
    ),
    Operation(
        id="decide",
        method="POST",
        path="/v1/approvals/{approval}",
        summary="Approve, as it is or with other arguments, or reject",
        act=_decide,
        answer=models.Approval,
        body=models.Decision,
        conflicts="It was decided otherwise, waits for other people, is another call by now, has expired, or its run has ended",
    ),
)
PATTERNS = {"run": run_ids.PATTERN, "approval": models.CALL}
"""What an id in a path looks like; nothing else is looked up."""
