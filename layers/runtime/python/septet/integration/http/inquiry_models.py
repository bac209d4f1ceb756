"""Inquiries, answers and cancellations as they are sent and answered."""

from typing import Annotated, Any, Literal

from pydantic import Field

from septet.integration.http.models import WHOLE, Moment, Strict

InquiryStatus = Literal["open", "answered", "expired", "cancelled"]
INQUIRY = r"^inq-[0-9a-f]{32}$"
"""What the id of an inquiry looks like."""


class InquiriesQuery(Strict):
    """Which inquiries."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 50
    cursor: Annotated[str, Field(pattern=INQUIRY, description="`next` of the page before")] | None = None
    status: InquiryStatus | None = None


class InquiryAnswer(Strict):
    """What whoever is asked says."""

    answer: Annotated[Any, Field(description="as the inquiry's `answer_schema` has it")]


class Inquiry(Strict):
    """A question to somebody outside and, once there is one, the answer."""

    id: str
    run: str
    name: Annotated[str, Field(description="of its declaration")]
    to: Annotated[str, Field(description="whom it is for")]
    roles: Annotated[list[str], Field(description="who may answer")]
    question: Any
    answer_schema: dict[str, Any]
    asked_at: Moment
    expires_at: Moment
    status: InquiryStatus
    answer: Any
    by: Annotated[str | None, Field(description="who answered, or had the run cancelled")]
    ended_at: Moment | None


class InquiryPage(Strict):
    """Some inquiries, newest question first. A page may hold fewer than asked for and still have a `next`."""

    inquiries: list[Inquiry]
    next: str | None


class Cancellation(Strict):
    """Why a run is cancelled."""

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class Cancelled(Strict):
    """A run that undoes what it did, and ends."""

    id: str
    workflow: str
    cancelled_by: Annotated[str, Field(description="the first who had it cancelled")]
    reason: str
