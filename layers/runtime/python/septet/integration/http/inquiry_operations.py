"""What the API can do about inquiries, and cancelling a run."""

import json
from http import HTTPStatus
from itertools import dropwhile, islice

from septet.core.inquiries import Inquiry
from septet.integration import answering, cancelling
from septet.integration.http import inquiry_models as models
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.pages import PAGE_BYTES
from septet.integration.http.views import maybe, moment
from septet.integration.ports import Ports


def view(one: Inquiry, now: int) -> models.Inquiry:
    """An inquiry at the time *now*."""
    return models.Inquiry(
        id=one.inquiry,
        run=one.run,
        name=one.name,
        to=one.to,
        roles=sorted(answering.answerers(one)),
        question=one.question,
        answer_schema=dict(one.answer_schema),
        asked_at=moment(one.asked_at),
        expires_at=moment(one.expires_at),
        status=answering.status_at(one, now),
        answer=one.answer,
        by=one.by or None,
        ended_at=maybe(one.ended_at),
    )


def _inquiries(call: Call, ports: Ports) -> Reply:
    query: models.InquiriesQuery = call.query
    found = iter(answering.listed(call.principal, ports, status=query.status))
    if query.cursor:
        found = islice(dropwhile(lambda one: one.inquiry != query.cursor, found), 1, None)
    shown: list[models.Inquiry] = []
    size, now = 0, ports.clock()
    for one in found:
        made = view(one, now)
        size += len(json.dumps(made.model_dump_json()))
        if len(shown) == query.limit or (shown and size > PAGE_BYTES):
            return Reply(answer=models.InquiryPage(inquiries=shown, next=shown[-1].id))
        shown.append(made)
    return Reply(answer=models.InquiryPage(inquiries=shown, next=None))


def _inquiry(call: Call, ports: Ports) -> Reply:
    return Reply(answer=view(answering.found(call.name, call.principal, ports), ports.clock()))


def _answer(call: Call, ports: Ports) -> Reply:
    said: models.InquiryAnswer = call.body
    return Reply(answer=view(answering.answer(call.name, said.answer, call.principal, ports), ports.clock()))


def _cancel(call: Call, ports: Ports) -> Reply:
    asked: models.Cancellation = call.body
    run = cancelling.cancel(call.name, asked.reason, call.principal, ports)
    told = models.Cancelled(id=run.run, workflow=run.workflow, cancelled_by=run.cancelled_by, reason=run.cancel_reason)
    return Reply(answer=told)


OPERATIONS = (
    Operation(
        id="listInquiries",
        method="GET",
        path="/v1/inquiries",
        summary="List questions to somebody outside, newest first",
        act=_inquiries,
        answer=models.InquiryPage,
        query=models.InquiriesQuery,
    ),
    Operation(
        id="getInquiry",
        method="GET",
        path="/v1/inquiries/{inquiry}",
        summary="See a question to somebody outside, and its answer",
        act=_inquiry,
        answer=models.Inquiry,
    ),
    Operation(
        id="answerInquiry",
        method="POST",
        path="/v1/inquiries/{inquiry}",
        summary="Answer a question",
        act=_answer,
        answer=models.Inquiry,
        body=models.InquiryAnswer,
        conflicts="It was answered otherwise, has expired, or its run was cancelled or has ended",
    ),
    Operation(
        id="cancelRun",
        method="POST",
        path="/v1/runs/{run}/cancel",
        summary="Have a run undo what it did, and end",
        act=_cancel,
        answer=models.Cancelled,
        status=HTTPStatus.ACCEPTED,
        body=models.Cancellation,
        conflicts="The workflow declares no way to undo what it did, or the run has ended, or ends and keeps it, or is being restarted",
    ),
)
