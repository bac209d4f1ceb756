"""Stops as they are ordered and proved."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from septet.integration.http.models import WHOLE, Moment, Strict

STOP = r"^stp-[0-9a-f]{32}$"
"""What the id of a stop looks like."""
_NAMED: dict[str, Any] = {
    "if": {"properties": {"scope": {"const": "agent"}}, "required": ["scope"]},
    "then": {"properties": {"name": {"minLength": 1}}, "required": ["name"]},
    "else": {"properties": {"name": {"maxLength": 0}}},
}
"""An agent's stop has its name, and no other has one."""
Reason = Annotated[str, Field(min_length=1, max_length=1000)]


class RunStop(Strict):
    """Why a run is stopped."""

    reason: Reason


class StopRequest(Strict):
    """What is to be stopped, until it is lifted."""

    model_config = ConfigDict(json_schema_extra=_NAMED)

    scope: Literal["agent", "tenant", "platform"]
    name: Annotated[str, Field(max_length=64, pattern=r"^([a-z][a-z0-9_]*)?$", description="the agent's; empty for the others")] = ""
    reason: Reason

    @model_validator(mode="after")
    def _an_agent_by_its_name(self) -> Self:
        if bool(self.name) != (self.scope == "agent"):
            raise PydanticCustomError("named", "names no agent: give name" if self.scope == "agent" else "takes no name: leave it out")
        return self


class StopQuery(Strict):
    """Which of the runs that a stop covers."""

    after: Annotated[int, Field(ge=0, le=1_000_000_000, description="`next` of the page before"), WHOLE] = 0
    limit: Annotated[int, Field(ge=1, le=500), WHOLE] = 200


class StopsQuery(Strict):
    """Which stops."""

    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 20


class StopEffect(Strict):
    """An effect of a run that was stopped."""

    tool: str
    key: str
    status: Annotated[Literal["happened", "unknown"], Field(description="`unknown`: it was under way, and may have happened")]


class StoppedRun(Strict):
    """A run that a stop covers."""

    tenant: str
    id: str
    workflow: str
    parent: Annotated[str | None, Field(description="the run that started it")]
    attempt: Annotated[int, Field(description="of the run, that the stop found: 0, and one more with each restart")]
    since: Moment
    state: Annotated[
        Literal["starting", "running", "waiting", "over"],
        Field(description="of its execution when the stop found it; `waiting`: for anybody outside, a person, a supplier or its rows"),
    ]
    status: Annotated[str, Field(description="of its record by now; `running` until it has ended")]
    ended_at: Moment | None
    spent_microdollars: Annotated[
        int, Field(description="since its restart, if it was restarted; 0 of an agent's stop, which counts no money")
    ]
    held_microdollars: Annotated[int, Field(description="for calls that were admitted before the stop and whose end is not known yet")]
    effects: list[StopEffect]
    settled: Annotated[bool, Field(description="nothing of it is under way, and its journal says that it was stopped")]


class StopLine(Strict):
    """A stop."""

    id: str
    scope: Literal["run", "agent", "tenant", "platform"]
    name: Annotated[str, Field(description="the run's or the agent's")]
    by: str
    reason: str
    at: Moment
    acknowledged_at: Annotated[
        Moment | None, Field(description="from when on nothing that it covers could begin a model call or an effect")
    ]
    finished_at: Annotated[Moment | None, Field(description="when nothing that it covers was running or left to settle")]
    lifted_at: Moment | None
    lifted_by: str | None


class Stop(StopLine):
    """A stop, and what became of what it covers: its proof."""

    covered: Annotated[int, Field(description="how many runs it covers")]
    running: Annotated[int, Field(description="how many of them have not ended; none of an agent's stop, with which runs go on")]
    left: Annotated[int, Field(description="how many of them have not ended or have something under way")]
    spent_microdollars: int
    held_microdollars: int
    runs: list[StoppedRun]
    next: Annotated[int | None, Field(description="where to go on; null at the end")]


class StopPage(Strict):
    """Stops, newest first."""

    stops: list[StopLine]
