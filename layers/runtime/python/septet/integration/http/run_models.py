"""Runs and their journals as they are sent and answered."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from septet.integration.awaiting import LONGEST
from septet.integration.http.models import SWITCH, WHOLE, Dollars, Moment, Strict

Status = Literal["running", "waiting", "succeeded", "failed", "stopped", "timed_out", "refused"]


class Submission(Strict):
    """A run to start."""

    workflow: str
    input: dict[str, Any]
    budget: Annotated[Dollars, Field(description="what it may spend at most, in dollars")] = ""
    attended: Annotated[bool, Field(description="whether people answer questions of the run; if not, what would be asked is denied")] = True


class RunsQuery(Strict):
    """Which runs."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 20
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the page before")] | None = None
    status: Status | None = None
    everybody: Annotated[
        bool, Field(description="every tenant's that have not ended; `status` narrows them. For operators of the platform"), SWITCH
    ] = False


class HistoryQuery(Strict):
    """Which entries."""

    after: Annotated[int, Field(ge=-1, le=1_000_000_000, description="only entries with a higher number"), WHOLE] = -1
    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 50
    sealed: Annotated[bool, Field(description="as they are stored, with all that is needed to verify them"), SWITCH] = False


class JournalQuery(HistoryQuery):
    """Which entries of which branch, and how long to wait for one."""

    branch: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", description="of the run's `branches`")] = "main"
    wait: Annotated[
        int, Field(ge=0, le=LONGEST, description="seconds to wait for an entry while there is none and the run has not ended"), WHOLE
    ] = 0


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
    parent: Annotated[str | None, Field(description="the run that started it")] = None
    error: Annotated[
        str | None,
        Field(description="class of the error that it ended with; left out where there is none", exclude_if=lambda error: error is None),
    ] = None
    flagged: Annotated[
        list[Literal["cost", "steps"]] | None,
        Field(
            description="in what it took far more than is usual; in lists where runs are searched for; left out where there is nothing",
            exclude_if=lambda flagged: flagged is None,
        ),
    ] = None
    tenant: Annotated[
        str | None, Field(description="whose it is, in a list of everybody's; left out elsewhere", exclude_if=lambda tenant: tenant is None)
    ] = None


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

    path: Annotated[list[str], Field(description="agents in the order they worked; of a fork, with those of what it copied")]
    answer: Annotated[Any, Field(description="the answer of a run that succeeded; null before and otherwise")]
    failure: Annotated[Failure | None, Field(description="why a run failed, or, of a degraded one, why nobody could answer")]
    degraded: Annotated[bool, Field(description="the answer is the text that the workflow declares for when nobody can answer")]
    model_calls: Annotated[int, Field(description="replies of models, those from the platform's cache left out")]
    model_calls_failed: Annotated[
        int, Field(description="calls that brought no reply; one that may have been sent is charged what was held")
    ]
    tool_calls: Annotated[int, Field(description="calls that the gateway made")]
    tokens: Tokens
    cost_microdollars: int
    budget: Annotated[Share | None, Field(description="null for a run that has no account")]
    branches: Annotated[list[str], Field(description="the branches of its journal")]
    approvals: Annotated[list[str], Field(description="ids of approvals that a person can decide on now")]
    attempt: Annotated[int, Field(description="how often it was restarted")]
    origin: Annotated[
        str | None,
        Field(description="the run that it goes back to: forked from it, or doing its row of a batch again; what it did counts as done"),
    ]
    session: Annotated[str | None, Field(description="the session that it belongs to")]
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
