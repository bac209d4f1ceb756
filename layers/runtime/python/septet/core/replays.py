"""Replays: runs that are projected once more, as somebody ordered it."""

from copy import replace
from typing import Literal, Protocol

from septet.core.frozen import frozen

KEPT = 30 * 86_400_000
"""Milliseconds for which a replay is remembered."""
SHOWN = 100
"""Runs that are named with the reason why not all of them could be projected; more are counted."""
LAST = "~"
"""Sorts after every run's id."""
MOST = 3
"""Replays that go on at once, of those that one tenant's operators ordered: all tenants share two slots, a portion at a time."""
IDLE = 86_400_000
"""Milliseconds after which a replay that did not come on is in nobody's way: it waits 15 minutes at most, and for others in the queue."""
Standing = Literal["running", "finished", "stalled"]
"""``stalled`` is one that met the same trouble again and again: it goes on when somebody asks for that."""


@frozen
class Replay:
    """What was ordered, and how far it is.

    Runs are gone through from the latest to the earliest; those that came after the order are the live projector's.
    """

    tenant: str
    """Whose operator ordered it."""
    replay: str
    by: str
    at: int
    """Milliseconds since the epoch, as every time here."""
    of: str
    """The tenant whose runs they are."""
    since: int = 0
    """Only runs that went on then or began later."""
    run: str = ""
    """Only this one; empty for all."""
    status: Standing = "running"
    done: int = 0
    """Runs that were projected, those with failures too."""
    failed: int = 0
    """Of those, runs of which something could not be told."""
    entries: int = 0
    """Of journals, that were projected."""
    cursor: str = ""
    """Of the page of runs that is at hand; empty for the first."""
    before: tuple[int, str] = (0, "")
    """When the last run that is done began, and its id: the earlier ones are left."""
    tries: int = 0
    """How often the run at hand met trouble."""
    due_at: int = 0
    """Before then it is not gone on with, however often it is called: it waits after trouble."""
    deaths: int = 0
    """How often the run at hand was begun, alone, by whoever came after somebody who was killed, and was not done."""
    missing: str = ""
    """What of the run at hand could not be told, so far."""
    unreached: int = 0
    """Runs one after another that were left because of trouble."""
    reason: str = ""
    """What the trouble is, while there is some: an error class and what Septet says of it."""
    touched_at: int = 0
    """When it came this far."""
    finished_at: int | None = None
    version: int = 0
    """How often it was noted."""

    def resumed(self, at: int) -> "Replay":
        """It as it goes on after it stalled, or was forgotten: with the run after those that were left."""
        return replace(self, status="running", tries=0, due_at=0, unreached=0, reason="", touched_at=at)

    def going(self, now: int) -> bool:
        """Whether somebody goes on with it, as far as can be seen."""
        return self.status == "running" and now - self.touched_at < IDLE

    @property
    def order(self) -> tuple[str, int, str]:
        """What was asked for."""
        return self.of, self.since, self.run


@frozen
class Missed:
    """A run of which something could not be told."""

    run: str
    reason: str
    """Where in it, and an error class: never what somebody worded."""


@frozen
class Going:
    """Who of those that a tenant's operators ordered was let in last: replays that go on, and some that did."""

    replays: tuple[str, ...] = ()
    version: int = 0
    """How often one was let in."""


class Replays(Protocol):
    """Storage of replays. Each stands under the tenant that ordered it."""

    def going(self, tenant: str) -> Going:
        """Who was let in, read consistently. Raises StoreUnavailable, as all of these."""
        ...

    def create(self, replay: Replay, going: Going) -> Replay:
        """Store it unless its id is taken, together with who is *going* from now on, and return what stands.

        Raises Fenced when somebody was let in since *going* was read.
        """
        ...

    def resume(self, replay: Replay, going: Going) -> Replay:
        """Note it as ``keep`` does, together with who is *going* from now on. Raises Fenced as both do."""
        ...

    def get(self, tenant: str, replay: str) -> Replay | None:
        """The replay, read consistently; None when there is none."""
        ...

    def keep(self, replay: Replay) -> Replay:
        """Note how far it is, and return it with its next version. Raises Fenced when it is not the version that stands."""
        ...

    def miss(self, replay: Replay, number: int, missed: Missed) -> None:
        """Note a run as the one with this *number*, from 0, of those of which something could not be told. Noting it again replaces it."""
        ...

    def missed(self, tenant: str, replay: str) -> tuple[Missed, ...]:
        """Those that were noted, by number."""
        ...
