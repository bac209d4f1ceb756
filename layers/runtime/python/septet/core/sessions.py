"""Sessions: conversations over several runs, of which one runs at a time. The values, and the port that stores them."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, Protocol

from septet.core.frozen import frozen

Busy = Literal["enqueue", "reject", "interrupt", "rollback"]
"""What becomes of a message that arrives while a run of its session goes on."""
Fate = Literal["queued", "running", "succeeded", "failed", "stopped", "timed_out", "interrupted", "forgotten", "refused", "withdrawn"]
"""How a message stands: before its run, in it, or how that ended. ``withdrawn`` was still in the queue when its session was closed."""
RECALLED: frozenset[Fate] = frozenset({"succeeded", "failed", "stopped", "timed_out", "interrupted"})
"""Fates of messages that later runs are told of."""
QUEUED = 20
"""Messages that may wait in a session."""
MESSAGES = 1_000
"""Messages that a session may have."""
PLACED_BYTES = 200_000
"""Of a message's input as JSON: it waits in the table of sessions, whose items have room for 400 KB."""


@frozen
class Place:
    """A message in the queue."""

    number: int
    urgent: bool = False
    """It goes before those that are not."""
    origin: str = ""
    """The run whose effects count as done in the message's: one that was forgotten in its favour."""


@frozen
class Lease:
    """The right to be the session's one run. Whoever reads it may start the run, or go on with starting it: there is no other."""

    fence: int
    """Above that of every lease before."""
    number: int
    """Of the message."""
    run: str
    origin: str = ""
    urgent: bool = False
    """Of the message's place, so that it can be put back."""
    begun: bool = False
    """Whether its execution was seen to be started; until then whoever looks goes on with starting it."""
    ending: Literal["", "interrupted", "forgotten"] = ""
    """What is to become of the run for the sake of a message that arrived."""


@frozen
class Session:
    """A session as it stands: one item, replaced as a whole."""

    tenant: str
    session: str
    workflow: str
    principal: str
    """Whose it is: nobody else may say anything in it."""
    created_at: int
    """Milliseconds since the epoch."""
    open: bool = True
    deleted: bool = False
    """Nobody sees it any more. What its messages said is gone; what ran is in the journals of its runs."""
    version: int = 0
    """Goes up with each change, so that of two at once one is seen to be late."""
    count: int = 0
    """Messages so far: the next one's number."""
    told: int = 0
    """Messages whose runs have ended and that later ones are told of."""
    fence: int = 0
    """Of the latest lease."""
    lease: Lease | None = None
    queue: tuple[Place, ...] = ()
    """In the order in which they will run."""
    due: int = 0
    """When somebody has to look whether it goes on, in milliseconds since the epoch; 0 when nobody has to."""


@frozen
class Message:
    """What the principal said."""

    number: int
    key: str
    """A digest of the idempotency key; unique in the session."""
    digest: str
    """Of what was asked for: a repeated request must be the same one."""
    input: Mapping[str, Any] | None
    """Until its run has begun: then the run's journal has it, and nobody else."""
    labels: Mapping[str, str]
    """Where the input's fields come from, as the workflow declares."""
    busy: Busy
    roles: tuple[str, ...]
    """Of the token that it came with."""
    attended: bool
    budget: int
    """Micro-dollars."""
    at: int
    """When it was taken, in milliseconds since the epoch."""
    fate: Fate = "queued"
    run: str = ""
    """The latest that was to answer it."""
    fence: int = 0
    """Of that run's lease: runs of one session are in this order."""
    over: str = ""
    """The run that was ended for it."""
    ended_at: int | None = None
    error: str = ""
    """Name of an error class, when it was refused or failed."""


class Sessions(Protocol):
    """Storage of sessions. Nothing here crosses a tenant. Every method raises StoreUnavailable when the store fails."""

    def create(self, session: Session) -> Session:
        """Store *session* unless its id is taken, and return what is stored under the id now."""
        ...

    def get(self, tenant: str, session: str) -> Session | None:
        """The session, read consistently; None when there is none."""
        ...

    def replace(self, before: Session, after: Session, messages: Collection[Message] = ()) -> bool:
        """Store *after*, whose version is one above, in place of *before*, and *messages*, all in one write, or none of it.

        False when *before* is not what stands any more, or when another message has one of the numbers' keys.
        """
        ...

    def message(self, tenant: str, session: str, number: int) -> Message | None:
        """The message with *number*, read consistently."""
        ...

    def keyed(self, tenant: str, session: str, key: str) -> Message | None:
        """The message whose ``key`` is *key*, read consistently."""
        ...

    def messages(self, tenant: str, session: str, *, before: int, limit: int) -> tuple[Message, ...]:
        """At most *limit* messages with numbers below *before*, the latest first, read consistently."""
        ...

    def due(self, *, now: int, limit: int) -> tuple[tuple[str, str], ...]:
        """At most *limit* sessions, by tenant and id, whose ``due`` has passed by *now*, the oldest first."""
        ...
