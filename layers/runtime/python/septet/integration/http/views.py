"""Runs, entries and approvals as the API shows them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, cast

from septet.core.entries import Entry
from septet.core.journal import to_json
from septet.core.runs import Run
from septet.core.spelling import encode
from septet.integration.approving import status_at
from septet.integration.budgets import Share, Standing
from septet.integration.http import approval_models, audit_models, budget_models, run_models
from septet.integration.reading import Report
from septet.integration.sealed import Kept
from septet.security.approvals import Approval, Vote, deciders, escalated

FAILED = ("failed", "stopped", "timed_out", "refused")


def moment(milliseconds: int) -> str:
    """A time as RFC 3339 in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def maybe(milliseconds: int | None) -> str | None:
    """A time that may not have come."""
    return None if milliseconds is None else moment(milliseconds)


def path(run: str) -> str:
    """Where a run is, below the API's base URL."""
    return f"/v1/runs/{run}"


def accepted(run: Run) -> run_models.Accepted:
    """The answer to a submission."""
    links = run_models.Links(self=path(run.run), journal=f"{path(run.run)}/journal")
    return run_models.Accepted(id=run.run, workflow=run.workflow, status=run.status, links=links)


def line(run: Run, status: str, *, whose: bool = False, flagged: Sequence[str] = ()) -> run_models.RunLine:
    """A run in a list, and where that is one of everybody's, *whose* it is; in which ways it was *flagged*, where that was looked up."""
    return run_models.RunLine(
        id=run.run,
        workflow=run.workflow,
        status=cast("run_models.Status", status),
        created_at=moment(run.created_at),
        ended_at=maybe(run.ended_at),
        submitter=run.submitter,
        erased_at=maybe(run.erased_at),
        parent=run.parent or None,
        error=run.error or None,
        flagged=cast("list[Literal['cost', 'steps']]", list(flagged)) or None,
        tenant=run.tenant if whose else None,
    )


def report(found: Report) -> run_models.RunReport:
    """A run as it stands. What an agent said on the way is no answer of the run's: that is there once the run has succeeded."""
    run, summary = found.run, found.summary
    return run_models.RunReport(
        **line(run, found.status, flagged=found.flagged).model_dump(),
        path=list(summary.path),
        answer=summary.answer if run.status == "succeeded" else None,
        failure=failure(found),
        degraded=summary.degraded and run.status == "succeeded",
        model_calls=summary.model_calls,
        model_calls_failed=summary.failed_calls,
        tool_calls=summary.tool_calls,
        tokens=run_models.Tokens(input=summary.input_tokens, output=summary.output_tokens),
        cost_microdollars=summary.cost,
        budget=_share(found.share) if found.share else None,
        branches=list(found.branches),
        approvals=list(found.waiting),
        attempt=run.attempt,
        origin=run.origin or None,
        session=run.session or None,
        execution=run.execution,
    )


def _share(one: Share) -> run_models.Share:
    return run_models.Share(
        limit_microdollars=one.limit,
        spent_microdollars=one.spent,
        reserved_microdollars=one.reserved,
        available_microdollars=one.available,
    )


def budget(one: Standing) -> budget_models.Budget:
    """A tenant's limits and its day."""
    limits, today = one.limits, one.today
    return budget_models.Budget(
        limits=budget_models.Limits(day_microdollars=limits.day, run_microdollars=limits.run, usual_microdollars=limits.usual),
        today=budget_models.Today(
            date=today.name.removeprefix("day/"),
            limit_microdollars=today.limit,
            spent_microdollars=today.spent,
            reserved_microdollars=today.reserved,
            available_microdollars=today.available,
        ),
    )


def failure(found: Report) -> run_models.Failure | None:
    """How the execution ended, told by the journal where it knows of it: an execution's own cause holds no content. None if all is well."""
    if found.run.status not in FAILED and not found.summary.degraded:
        return None
    last = found.summary.failure
    if last and found.run.error in ("", last.error):
        return run_models.Failure(error=last.error, message=last.message)
    return run_models.Failure(error=found.run.error or found.run.status, message=found.run.message)


def entry(one: Entry) -> run_models.JournalEntry:
    """A journal's entry."""
    body = encode(one.body)
    kind = body.pop("type")
    del body["version"]
    return run_models.JournalEntry(
        number=one.number, at=moment(one.at), type=kind, agent=one.agent, turn=one.turn, body=body, cost_microdollars=one.cost
    )


def sealed(one: Entry) -> run_models.SealedEntry:
    """A journal's entry as it is stored."""
    return run_models.SealedEntry(**to_json(one))


def kept(one: Kept) -> audit_models.KeptSeal:
    """What is kept under a seal's name."""
    if one.seal is None:
        return audit_models.KeptSeal(name=one.name, statement=None, signature=None, leaves=None)
    return audit_models.KeptSeal(name=one.name, **one.seal.document())


def approval(one: Approval, now: int) -> approval_models.Approval:
    """An approval at the time *now*; the waiting execution's token never leaves the platform."""
    return approval_models.Approval(
        id=one.approval,
        run=one.run,
        branch=one.path,
        tool=one.tool,
        arguments=one.arguments,
        reasons=list(one.reasons),
        asked_by=one.asked_by,
        on_behalf_of=one.submitter or None,
        workflow=one.workflow or None,
        asked_at=moment(one.asked_at),
        expires_at=moment(one.expires_at),
        labels=dict(one.labels),
        call=one.call,
        edited=one.edited,
        edited_by=one.edited_by or None,
        roles=sorted(deciders(one, now)),
        approvers=one.approvers,
        approved_by=list(one.approved_by),
        votes=[_vote(vote, counts=place >= one.counted_from) for place, vote in enumerate(one.votes)],
        escalates_at=maybe(one.escalates_at),
        escalate_to=list(one.escalate_to),
        escalated=status_at(one, now) == "pending" and escalated(one, now),
        status=status_at(one, now),
        decided_by=one.decided_by or None,
        decided_at=maybe(one.decided_at),
        reason=one.reason or None,
        used_at=maybe(one.used_at),
        refused=one.refused or None if one.used_at is None else None,
        evidence=[approval_models.Evidence(**item) for item in one.evidence],
    )


def _vote(one: Vote, *, counts: bool) -> approval_models.Vote:
    return approval_models.Vote(by=one.by, at=moment(one.at), reason=one.reason or None, arguments=one.arguments, counts=counts)
