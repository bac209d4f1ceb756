"""What is asked of failures, and how runs are searched for."""

from typing import Annotated, Literal

from pydantic import Field

from septet.integration.http.models import Day, Moment, Strict
from septet.integration.http.run_models import RunsQuery
from septet.observability.failures import Kind

_DATE = {"format": "date"}
_LONGEST = 100
"""Characters of a name."""


class SearchQuery(RunsQuery):
    """Which runs. With what follows `everybody`, those that have ended, the latest end first, unless `status` is of what has not."""

    workflow: Annotated[str, Field(max_length=_LONGEST)] = ""
    error: Annotated[str, Field(max_length=_LONGEST, description="class of the error that it ended with")] = ""
    kind: Annotated[Kind, Field(description="of failure")] | None = None
    agent: Annotated[str, Field(max_length=_LONGEST, description="that worked in it")] = ""
    since: Annotated[Day, Field(alias="from", description="ended on this day, in UTC, or later")] = ""
    until: Annotated[Day, Field(alias="to", description="ended on this day or earlier")] = ""
    flagged: (
        Annotated[
            Literal["any", "cost", "steps"],
            Field(description="took far more than is usual, in money or in model calls; with `status=running` of what goes on"),
        ]
        | None
    ) = None


class FailuresQuery(Strict):
    """Which failures."""

    since: Annotated[Day, Field(alias="from", description="the first day, in UTC")] = ""
    until: Annotated[Day, Field(alias="to", description="the last day; today if it is left out")] = ""
    workflow: Annotated[str, Field(max_length=_LONGEST, description="only this one's")] = ""


class FailureGroup(Strict):
    """Failures of a workflow that are alike."""

    kind: Kind
    error: Annotated[str, Field(description="class of the error; where there is none, the status of the runs")]
    workflow: str
    agent: Annotated[str, Field(description="that failed, or worked last; empty where none had worked")]
    count: int
    cost_microdollars: Annotated[int, Field(description="what these runs cost")]
    flagged: Annotated[int, Field(description="of these runs, those that were flagged as unusual while they ran")]
    first: Annotated[Moment, Field(description="when the first of them ended")]
    last: Moment
    runs: Annotated[list[str], Field(description="examples, the latest first")]


class Failures(Strict):
    """The runs of some days that did not succeed."""

    since: Annotated[str, Field(json_schema_extra=_DATE, description="the first day, in UTC")]
    until: Annotated[str, Field(json_schema_extra=_DATE, description="the last day")]
    count: int
    groups: Annotated[list[FailureGroup], Field(description="the most frequent first")]
    counted_from: Annotated[
        Moment | None, Field(description="there were too many for one answer: what ended before is not counted; null when all is")
    ]
