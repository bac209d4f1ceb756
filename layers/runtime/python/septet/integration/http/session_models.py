"""Sessions, restarts and forks as they are asked for and shown."""

from typing import Annotated, Any, Literal

from pydantic import Field

from septet.integration.http.models import INTEGER, WHOLE, Dollars, Moment, Strict

SESSION = r"^ses-[0-9a-hjkmnp-tv-z]{26}$"
"""What the id of a session looks like."""
Fate = Literal["queued", "running", "succeeded", "failed", "stopped", "timed_out", "interrupted", "forgotten", "refused", "withdrawn"]
Place = Annotated[int, Field(ge=0), INTEGER]
OVERRIDES = 50
"""Agents that go on otherwise in one fork, at most."""
Turn = Annotated[str, Field(min_length=1, max_length=200)]


class SessionRequest(Strict):
    """A session to begin."""

    workflow: str


class MessageRequest(Strict):
    """Something to say in a session."""

    input: dict[str, Any]
    if_busy: Annotated[
        Literal["enqueue", "reject", "interrupt", "rollback"],
        Field(description="while a run goes on: wait for it, be refused, have it stopped, or have it stopped and forgotten"),
    ] = "enqueue"
    budget: Annotated[Dollars, Field(description="what its run may spend at most, in dollars")] = ""
    attended: Annotated[bool, Field(description="whether people answer questions of the run; if not, what would be asked is denied")] = True


class Deed(Strict):
    """An effect of a run that was ended for a message."""

    tool: str
    arguments: Any
    outcome: Annotated[Literal["done", "failed", "unknown"], Field(description="`unknown`: it was under way, and may have happened")]


class Message(Strict):
    """A message and what became of it."""

    number: int
    at: Moment
    if_busy: Literal["enqueue", "reject", "interrupt", "rollback"]
    status: Fate
    run: Annotated[str | None, Field(description="the run that answers it; its journal has what was said")]
    ended_at: Moment | None
    error: Annotated[str | None, Field(description="why it was refused, or how its run failed: an error class")]


class Said(Message):
    """A message that was taken."""

    session: str
    place: Annotated[int, Field(description="how many runs come before its own")]
    ended: Annotated[str | None, Field(description="the run that is ended for it")]
    effects: Annotated[list[Deed], Field(description="what that run had done by then: it stays, and is recognised when it is tried again")]


class Session(Strict):
    """A session as it stands."""

    id: str
    workflow: str
    principal: str
    status: Literal["open", "closed"]
    created_at: Moment
    running: Annotated[str | None, Field(description="its one run")]
    ending: Annotated[Literal["interrupted", "forgotten"] | None, Field(description="what becomes of it, once it has ended")]
    queue: Annotated[list[int], Field(description="the messages that wait, in the order in which they will run")]
    messages: Annotated[list[Message], Field(description="the latest first")]
    next: Annotated[int | None, Field(description="`before` of the page after")]


class SessionQuery(Strict):
    """Which messages."""

    before: Annotated[int, Field(ge=0, le=1_000_000, description="only messages with a lower number"), WHOLE] | None = None
    limit: Annotated[int, Field(ge=1, le=100), WHOLE] = 50


class Restart(Strict):
    """How a run is to go on."""

    turns: Annotated[list[Turn], Field(max_length=100, description="which begin again, if not those that the run failed in")] = Field(
        default_factory=list
    )
    budget: Annotated[Dollars, Field(description="what it may spend from now on, in dollars; as much as before, if nothing is said")] = ""


class Override(Strict):
    """What an agent goes on with in a fork."""

    prompt: Annotated[str, Field(min_length=1, max_length=50_000)] | None = None
    model: Annotated[str, Field(min_length=1, max_length=200, description="one of the agent's declared models")] | None = None


class ForkRequest(Strict):
    """Where a run forks, and what is to be different."""

    at: Annotated[Place | Turn, Field(description="the last entry that is copied, or the turn that begins anew")]
    input: dict[str, Any] | None = None
    agents: Annotated[dict[str, Override], Field(max_length=OVERRIDES)] = Field(default_factory=dict)
    budget: Annotated[Dollars, Field(description="what the fork may spend at most, in dollars")] = ""
