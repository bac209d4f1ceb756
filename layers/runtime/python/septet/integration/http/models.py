"""What is sent and what is answered. The OpenAPI document is made of these, and every answer is one of them."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from septet.core.money import DOLLARS, microdollars

Status = Literal["running", "waiting", "succeeded", "failed", "stopped", "timed_out", "refused"]
ApprovalStatus = Literal["pending", "approved", "rejected", "expired"]
CALL = r"^apr-[0-9a-f]{32}$"
"""What the id of an approval, or of the call it is about, looks like."""
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2025-11-22T21:35:00.123Z"])]
"""RFC 3339 in UTC, with milliseconds."""


def _whole(value: Any) -> Any:
    """A query's text as a number, if it is written as JSON writes a whole one; anything else is left to be refused."""
    digits = value.removeprefix("-") if isinstance(value, str) else ""
    plain = digits.isdecimal() and len(digits) <= 12 and str(int(digits)) == digits  # noqa: PLR2004 -- above any bound here
    return int(value) if plain else value


def _switch(value: Any) -> Any:
    """A query's text as a truth value, written as JSON writes it."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _dollars(value: Any) -> Any:
    """*value* if it is dollars as text; a number is refused in the same words, which say what to send."""
    try:
        microdollars(value if isinstance(value, str) else "")
    except ValueError as error:
        raise PydanticCustomError("dollars", "{told}", {"told": str(error)}) from error
    return value


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)  # stands for nothing given, and cannot be sent


def _described(schema: dict[str, Any]) -> None:
    schema["pattern"] = DOLLARS  # pydantic's own patterns cannot look ahead
    _without_default(schema)


Dollars = Annotated[str, BeforeValidator(_dollars), Field(json_schema_extra=_described, examples=["0.25"])]
"""An amount of money as it is asked for, empty when it is not. What is answered is in whole micro-dollars."""


def _seen(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(CALL, value):
        raise PydanticCustomError("call", "is not the id of a call: take the approval's `call`, which is apr- and 32 hexadecimal digits")
    return value


def _as_a_call(schema: dict[str, Any]) -> None:
    schema["pattern"] = CALL
    _without_default(schema)


Seen = Annotated[str, BeforeValidator(_seen), Field(json_schema_extra=_as_a_call)]
"""The call that a person saw, empty when they do not say."""


class Strict(BaseModel):
    """Unknown fields and other types are refused, on the way in and on the way out."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Submission(Strict):
    """A run to start."""

    workflow: str
    input: dict[str, Any]
    budget: Annotated[Dollars, Field(description="what it may spend at most, in dollars")] = ""
    attended: Annotated[bool, Field(description="whether people answer questions of the run; if not, what would be asked is denied")] = True


class BudgetChange(Strict):
    """Limits of the tenant to set, in dollars. What is left out stays as it is; each may be at most the one before it."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    day: Annotated[Dollars, Field(description="all runs that are started on one day (UTC)")] = ""
    run: Annotated[Dollars, Field(description="the most that one run may ask for")] = ""
    usual: Annotated[Dollars, Field(description="what a run gets that asks for nothing")] = ""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "names no limit: give day, run or usual")
        return self


class Decision(Strict):
    """What a person says about an approval."""

    model_config = ConfigDict(json_schema_extra={"not": {"properties": {"decision": {"const": "reject"}}, "required": ["arguments"]}})

    decision: Literal["approve", "reject"]
    reason: Annotated[str, Field(max_length=2000)] = ""
    call: Annotated[Seen, Field(description="the approval's `call` as it was seen; needed once its arguments were changed")] = ""
    arguments: Annotated[dict[str, Any], Field(description="approve the call with these instead, all of them")] = Field(
        default_factory=dict
    )

    @field_validator("arguments")
    @classmethod
    def _only_an_approval_changes_the_call(cls, given: dict[str, Any], so_far: ValidationInfo) -> dict[str, Any]:
        if so_far.data.get("decision") == "reject":
            raise PydanticCustomError("changes", "belong to no rejection, which changes nothing: leave them out")
        return given


class RunsQuery(Strict):
    """Which runs."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)] = 20
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the page before")] | None = None
    status: Status | None = None


class HistoryQuery(Strict):
    """Which entries."""

    after: Annotated[int, Field(ge=-1, le=1_000_000_000, description="only entries with a higher number"), BeforeValidator(_whole)] = -1
    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)] = 50
    sealed: Annotated[bool, Field(description="as they are stored, with all that is needed to verify them"), BeforeValidator(_switch)] = (
        False
    )


class JournalQuery(HistoryQuery):
    """Which entries of which branch."""

    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", description="of the run's `branches`")] = "main"


class ApprovalsQuery(Strict):
    """Which approvals."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_whole)] = 50
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the page before")] | None = None
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
    erased_at: Annotated[Moment | None, Field(description="when its content was erased")] = None


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


class Share(Strict):
    """What a run may spend."""

    limit_microdollars: Annotated[int, Field(description="what it took from its tenant's day")]
    spent_microdollars: int
    reserved_microdollars: Annotated[int, Field(description="held for calls under way")]
    available_microdollars: Annotated[int, Field(description="what it can still spend; 0 once the rest has gone back to its tenant's day")]


class RunReport(RunLine):
    """A run as it stands."""

    path: Annotated[list[str], Field(description="agents in the order they worked")]
    answer: Annotated[Any, Field(description="the answer of a run that succeeded; null before and otherwise")]
    failure: Failure | None
    model_calls: int
    tool_calls: int
    tokens: Tokens
    cost_microdollars: int
    budget: Annotated[Share | None, Field(description="null for a run that has no account")]
    branches: Annotated[list[str], Field(description="the branches of its journal")]
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


class SealedEntry(Strict):
    """An entry as it is stored: what its hash covers, the hash, and the body with its salt. `septet verify` checks them."""

    header: dict[str, Any]
    hash: str
    salt: str
    body: Annotated[dict[str, Any], Field(description="of the type `erased` where the body was erased")]


class JournalPage(Strict):
    """Some entries, oldest first."""

    entries: list[JournalEntry] | list[SealedEntry]
    next: Annotated[int | None, Field(description="`after` of the next page; null when there is no more now")]


class SealsQuery(Strict):
    """Which seals."""

    after: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{3})?$", description="`next` of the page before")] = ""
    limit: Annotated[int, Field(ge=1, le=50), BeforeValidator(_whole)] = 20


class KeptSeal(Strict):
    """A seal as it is kept; `septet audit verify` checks it. Nothing but a name where what is kept is no seal."""

    name: Annotated[str, Field(description="the hour in UTC, and which of the hour's seals it is")]
    statement: Annotated[dict[str, Any] | None, Field(description="what is signed, in canonical JSON")]
    signature: Annotated[str | None, Field(description="DER, in hexadecimal")]
    leaves: Annotated[list[list[Any]] | None, Field(description="run, branch, number and hash of its last entry")]


class SealPage(Strict):
    """Some seals, oldest first."""

    seals: list[KeptSeal]
    next: Annotated[str | None, Field(description="`after` of the next page; null when there is no more now")]


class SealProof(Strict):
    """That a branch is in a seal, without the seal's other branches."""

    statement: dict[str, Any]
    signature: str
    leaf: list[Any]
    place: int
    path: Annotated[list[str], Field(description="of the Merkle tree (RFC 6962), the lowest first")]


class ProofPage(Strict):
    """What some seals have of a run, oldest first. A page may hold none and still have a `next`."""

    proofs: list[SealProof]
    next: str | None


class SealKey(Strict):
    """What verifies signatures of seals."""

    key: Annotated[str, Field(description="ARN")]
    algorithm: str
    pem: Annotated[str, Field(description="the public key")]


class ErasureRequest(Strict):
    """Whose content to erase. Ask again with what is answered, as long as there is more."""

    of: Literal["run", "person", "tenant"]
    subject: Annotated[
        str, Field(min_length=1, max_length=255, description="the run, the subject that submitted the runs, or the token's own tenant")
    ]
    erasure: Annotated[str, Field(max_length=100, description="of the answer before")] = ""
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the answer before")] | None = None


class Erasure(Strict):
    """What was erased by this request."""

    erasure: Annotated[str, Field(description="its name, in the record of erasures")]
    erased: Annotated[list[str], Field(description="runs whose content is gone now")]
    kept: Annotated[dict[str, str], Field(description="why a run was not erased: ask again later")]
    more: bool
    next: str | None


class Limits(Strict):
    """A tenant's limits."""

    day_microdollars: int
    run_microdollars: int
    usual_microdollars: int


class Today(Strict):
    """A tenant's account of one day."""

    date: Annotated[str, Field(json_schema_extra={"format": "date"}, description="in UTC")]
    limit_microdollars: int
    spent_microdollars: int
    reserved_microdollars: Annotated[int, Field(description="held by runs that are not closed")]
    available_microdollars: int


class Budget(Strict):
    """What a tenant may spend."""

    limits: Limits
    today: Today


class Evidence(Strict):
    """A record behind the call: raw values, and where they were read. A long one is shown by its beginning, which says so."""

    name: str
    value: Any
    source: str


class Vote(Strict):
    """One person's yes."""

    by: str
    at: Moment
    reason: str | None
    arguments: Annotated[dict[str, Any] | None, Field(description="what they changed the call's arguments to; null: nothing")]
    counts: Annotated[bool, Field(description="whether it is for the call as it stands: a later change takes that from a vote")]


class Approval(Strict):
    """A question to people, bound to exactly one call, and the answer once there is one."""

    id: str
    run: str
    tool: str
    arguments: Annotated[Any, Field(description="as they were asked about")]
    labels: Annotated[dict[str, str], Field(description="where each of these comes from, by path: a label of the monitor's")]
    call: Annotated[str, Field(description="the call that is decided on: the approval's own id until somebody changes its arguments")]
    edited: Annotated[
        dict[str, Any] | None, Field(description="the arguments as somebody changed them, which are decided on; null: nobody")
    ]
    edited_by: str | None
    reasons: Annotated[list[str], Field(description="why a person is asked")]
    asked_by: Annotated[str, Field(description="the agent")]
    on_behalf_of: Annotated[str | None, Field(description="who submitted the run; null: asked before that was kept")]
    workflow: Annotated[str | None, Field(description="of the run; null likewise")]
    asked_at: Moment
    expires_at: Moment
    roles: Annotated[list[str], Field(description="who may decide now")]
    approvers: Annotated[int, Field(description="how many different people have to approve")]
    approved_by: Annotated[list[str], Field(description="who has approved the call as it stands")]
    votes: Annotated[list[Vote], Field(description="every yes so far, oldest first; one that changes the call restarts the count")]
    escalates_at: Annotated[Moment | None, Field(description="from when more roles may decide; null: never")]
    escalate_to: Annotated[list[str], Field(description="the roles that may decide as well from then on")]
    escalated: Annotated[bool, Field(description="whether it waits for longer than that")]
    status: ApprovalStatus
    decided_by: str | None
    decided_at: Moment | None
    reason: str | None
    used_at: Annotated[Moment | None, Field(description="when the approved call was about to be made; an approval is good for one")]
    refused: Annotated[str | None, Field(description="why the approved call was not made, e.g. `denied: …`; null: it was, or not yet")]
    evidence: list[Evidence]


class ApprovalPage(Strict):
    """Some approvals, newest question first. A page may hold fewer than asked for and still have a `next`."""

    approvals: list[Approval]
    next: str | None


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
