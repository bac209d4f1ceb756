"""Approvals as they are sent and answered."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from septet.integration.http.models import WHOLE, Moment, Strict, without_default

ApprovalStatus = Literal["pending", "approved", "rejected", "expired"]
CALL = r"^apr-[0-9a-f]{32}$"
"""What the id of an approval, or of the call it is about, looks like."""


def _seen(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(CALL, value):
        raise PydanticCustomError("call", "is not the id of a call: take the approval's `call`, which is apr- and 32 hexadecimal digits")
    return value


def _as_a_call(schema: dict[str, Any]) -> None:
    schema["pattern"] = CALL
    without_default(schema)


Seen = Annotated[str, BeforeValidator(_seen), Field(json_schema_extra=_as_a_call)]
"""The call that a person saw, empty when they do not say."""


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


class ApprovalsQuery(Strict):
    """Which approvals."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 50
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the page before")] | None = None
    status: ApprovalStatus | None = None


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
    branch: Annotated[str, Field(description="of the run, that asks")]
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
