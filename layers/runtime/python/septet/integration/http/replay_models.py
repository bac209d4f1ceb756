"""Replays as they are ordered and shown."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from septet.integration import run_ids
from septet.integration.http.models import Moment, Strict, without_default

REPLAY = r"^rpl-[0-9a-hjkmnp-tv-z]{26}$"
"""What the id of a replay looks like."""
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$"
"""A day, or a time as RFC 3339 has it."""
_SOME: dict[str, Any] = {"anyOf": [{"required": [name]} for name in ("since", "tenant", "run")]}


def _moment(schema: dict[str, Any]) -> None:
    del schema["pattern"], schema["type"]
    schema["anyOf"] = [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]
    without_default(schema)


class ReplayRequest(Strict):
    """Which runs are to be projected again."""

    model_config = ConfigDict(json_schema_extra=_SOME)

    since: Annotated[
        str, Field(pattern=_TIME, json_schema_extra=_moment, description="runs that went on at that time, or on that day in UTC, or later")
    ] = ""
    tenant: Annotated[
        str, Field(min_length=1, max_length=100, json_schema_extra=without_default, description="whose, for operators of the platform")
    ] = ""
    run: Annotated[str, Field(pattern=run_ids.PATTERN, json_schema_extra=without_default, description="this one alone")] = ""

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("some", "says nothing: give since, tenant or run")
        return self


class MissedRun(Strict):
    """A run of which something could not be told."""

    run: str
    reason: str


class Replay(Strict):
    """A replay, and how far it is."""

    id: str
    tenant: Annotated[str, Field(description="whose runs they are")]
    since: Moment | None
    run: Annotated[str | None, Field(description="the one that was asked for alone")]
    by: str
    at: Annotated[Moment, Field(description="what began later is not gone through: the projector has it")]
    status: Annotated[Literal["running", "finished", "stalled"], Field(description="`stalled`: it waits until somebody has it go on")]
    done: Annotated[int, Field(description="runs that were projected, from the latest to the earliest")]
    entries: Annotated[int, Field(description="of their journals")]
    failed: Annotated[int, Field(description="of those runs, the ones of which something could not be told")]
    failures: Annotated[list[MissedRun], Field(description="the first hundred of them")]
    reason: Annotated[str | None, Field(description="why it waits, or stalled")]
    touched_at: Annotated[Moment, Field(description="when it came this far")]
    finished_at: Moment | None
