"""What is sent and what is answered. The OpenAPI document is made of these, and every answer is one of them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Status = Literal["running", "waiting", "succeeded", "failed", "stopped", "timed_out"]
ApprovalStatus = Literal["pending", "approved", "rejected", "expired"]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2025-11-22T21:35:00.123Z"])]
"""RFC 3339 in UTC, with milliseconds."""


def _whole(value: Any) -> Any:
    """A query's text as a number, if it is written as JSON writes a whole one; anything else is left to be refused."""
    digits = value.removeprefix("-") if isinstance(value, str) else ""
    plain = digits.isdecimal() and len(digits) <= 12 and str(int(digits)) == digits  # noqa: PLR2004 -- above any bound here
    return int(value) if plain else value


class Strict(BaseModel):
    """Unknown fields and other types are refused, on the way in and on the way out."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Submission(Strict):
    """A run to start."""

    workflow: str
    input: dict[str, Any]


class Decision(Strict):
    """What a person says about an approval."""

    decision: Literal["approve", "reject"]
    reason: Annotated[str, Field(max_length=2000)] = ""


class RunsQuery(Strict):
    """Which runs."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)] = 20
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the page before")] | None = None
    status: Status | None = None


class JournalQuery(Strict):
    """Which entries."""

    after: Annotated[int, Field(ge=-1, le=1_000_000_000, description="only entries with a higher number"), BeforeValidator(_whole)] = -1
    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)] = 50


class ApprovalsQuery(Strict):
    """Which approvals."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)] = 50
    status: ApprovalStatus | None = None


class Links(Strict):
    """Where to go on, as paths below the API's base URL."""

    self: str
    journal: str


class Accepted(Strict):
    """A run that was taken on."""

    id: str
    workflow: str
    status: Status
    links: Links


class RunLine(Strict):
    """A run in a list."""

    id: str
    workflow: str
    status: Status
    created_at: Moment
    ended_at: Moment | None
    submitter: str


class RunPage(Strict):
    """Some runs, newest first. A page may hold fewer than asked for and still have a `next`."""

    runs: list[RunLine]
    next: str | None


class Failure(Strict):
    """Why a run ended without an answer."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    error: Annotated[str, Field(alias="class")]
    message: str


class Tokens(Strict):
    """Tokens of all model calls."""

    input: int
    output: int


class RunReport(RunLine):
    """A run as it stands."""

    path: Annotated[list[str], Field(description="agents in the order they worked")]
    answer: Annotated[Any, Field(description="the answer of a run that succeeded; null before and otherwise")]
    failure: Failure | None
    model_calls: int
    tool_calls: int
    tokens: Tokens
    cost_microdollars: int
    approvals: Annotated[list[str], Field(description="ids of approvals that a person can decide on now")]
    execution: Annotated[str, Field(description="ARN of the Step Functions execution; empty until it is started")]


class JournalEntry(Strict):
    """One fact of a run."""

    number: int
    at: Moment
    type: str
    agent: Annotated[str, Field(description="who wrote it; empty for the platform")]
    turn: str
    body: dict[str, Any]
    cost_microdollars: int


class JournalPage(Strict):
    """Some entries, oldest first."""

    entries: list[JournalEntry]
    next: Annotated[int | None, Field(description="`after` of the next page; null when there is no more now")]


class Evidence(Strict):
    """A record behind the arguments: raw values, and where they were read."""

    name: str
    value: Any
    source: str


class Approval(Strict):
    """A question to a person, bound to exactly this call, and the answer once there is one."""

    id: str
    run: str
    tool: str
    arguments: Any
    reasons: Annotated[list[str], Field(description="why a person is asked")]
    asked_by: str
    asked_at: Moment
    expires_at: Moment
    status: ApprovalStatus
    decided_by: str | None
    decided_at: Moment | None
    reason: str | None
    evidence: list[Evidence]


class ApprovalPage(Strict):
    """Some approvals, newest question first."""

    approvals: list[Approval]


class FieldError(Strict):
    """One thing to put right."""

    field: str
    message: str


class Problem(Strict):
    """Why a request was not done (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[FieldError] | None = None
