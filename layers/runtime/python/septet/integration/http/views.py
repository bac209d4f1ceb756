"""Runs, entries and approvals as the API shows them."""

from datetime import UTC, datetime
from typing import cast

from septet.core.entries import Entry, encode
from septet.core.journal import to_json
from septet.core.runs import Run
from septet.integration.approving import status_at
from septet.integration.budgets import Share, Standing
from septet.integration.http import models
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


def accepted(run: Run) -> models.Accepted:
    """The answer to a submission."""
    links = models.Links(self=path(run.run), journal=f"{path(run.run)}/journal")
    return models.Accepted(id=run.run, workflow=run.workflow, status=run.status, links=links)


def line(run: Run, status: str) -> models.RunLine:
    """A run in a list."""
    return models.RunLine(
        id=run.run,
        workflow=run.workflow,
        status=cast("models.Status", status),
        created_at=moment(run.created_at),
        ended_at=maybe(run.ended_at),
        submitter=run.submitter,
        erased_at=maybe(run.erased_at),
    )


def report(found: Report) -> models.RunReport:
    """A run as it stands. What an agent said on the way is no answer of the run's: that is there once the run has succeeded."""
    run, summary = found.run, found.summary
    return models.RunReport(
        **line(run, found.status).model_dump(),
        path=list(summary.path),
        answer=summary.answer if run.status == "succeeded" else None,
        failure=_failure(found) if run.status in FAILED else None,
        model_calls=summary.model_calls,
        tool_calls=summary.tool_calls,
        tokens=models.Tokens(input=summary.input_tokens, output=summary.output_tokens),
        cost_microdollars=summary.cost,
        budget=_share(found.share) if found.share else None,
        branches=list(found.branches),
        approvals=list(found.waiting),
        execution=run.execution,
    )


def _share(one: Share) -> models.Share:
    return models.Share(
        limit_microdollars=one.limit,
        spent_microdollars=one.spent,
        reserved_microdollars=one.reserved,
        available_microdollars=one.available,
    )


def budget(one: Standing) -> models.Budget:
    """A tenant's limits and its day."""
    limits, today = one.limits, one.today
    return models.Budget(
        limits=models.Limits(day_microdollars=limits.day, run_microdollars=limits.run, usual_microdollars=limits.usual),
        today=models.Today(
            date=today.name.removeprefix("day/"),
            limit_microdollars=today.limit,
            spent_microdollars=today.spent,
            reserved_microdollars=today.reserved,
            available_microdollars=today.available,
        ),
    )


def _failure(found: Report) -> models.Failure:
    """How the execution ended, told by the journal where it knows of it: an execution's own cause holds no content."""
    last = found.summary.failure
    if last and found.run.error in ("", last.error):
        return models.Failure(error=last.error, message=last.message)
    return models.Failure(error=found.run.error or found.run.status, message=found.run.message)


def entry(one: Entry) -> models.JournalEntry:
    """A journal's entry."""
    body = encode(one.body)
    kind = body.pop("type")
    del body["version"]
    return models.JournalEntry(
        number=one.number, at=moment(one.at), type=kind, agent=one.agent, turn=one.turn, body=body, cost_microdollars=one.cost
    )


def sealed(one: Entry) -> models.SealedEntry:
    """A journal's entry as it is stored."""
    return models.SealedEntry(**to_json(one))


def kept(one: Kept) -> models.KeptSeal:
    """What is kept under a seal's name."""
    if one.seal is None:
        return models.KeptSeal(name=one.name, statement=None, signature=None, leaves=None)
    return models.KeptSeal(name=one.name, **one.seal.document())


def approval(one: Approval, now: int) -> models.Approval:
    """An approval at the time *now*; the waiting execution's token never leaves the platform."""
    return models.Approval(
        id=one.approval,
        run=one.run,
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
        evidence=[models.Evidence(**item) for item in one.evidence],
    )


def _vote(one: Vote, *, counts: bool) -> models.Vote:
    return models.Vote(by=one.by, at=moment(one.at), reason=one.reason or None, arguments=one.arguments, counts=counts)
