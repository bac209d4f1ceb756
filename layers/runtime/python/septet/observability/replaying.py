"""Replays: runs are projected once more from their first entries: spans, costs and summaries are there again, measures are not told.

A replay has checkpoints of its own and never sees those of the live projector. So whatever that has told stays told once, whatever it has
not told yet it still tells, and of the figures that both write the later ones stand, whoever writes them.

It is gone on with in portions, each by one call. How far it is, is noted after each run, by whoever knows how far it was: of two who go
on with it at once, one ends. Who is killed in between repeats one run, whose spans and figures replace themselves.
"""

import logging
from collections.abc import Callable, Iterator
from copy import replace
from functools import partial
from typing import Protocol

from septet.core.errors import Fenced, StoreUnavailable
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock
from septet.core.replays import SHOWN, Missed, Replay, Replays
from septet.core.runs import Run, Runs
from septet.observability.progress import ENDS, Progress, Progresses
from septet.observability.projecting import Aside, Projector

PAGE = 200
"""Records of runs that are read at once."""
DELAYS = (5, 30, 120, 300, 900)
"""Seconds after which something is tried again that met trouble, as a collector that does not answer; then it is left."""
IN_A_ROW = 3
"""Runs that are left because of trouble before the replay waits for somebody: it is not the runs, then."""
DEATHS = 3
"""How often whoever goes on may be killed at one run that is at hand alone; then that is left."""
_REASON = 200
"""Characters."""
_log = logging.getLogger(__name__)
More = Callable[[], bool]
"""Whether there is time for another portion of a branch."""


class ForReplays(Protocol):
    """Makes a projector that tells measures to nobody."""

    def __call__(self, *, progresses: Progresses, aside: Aside) -> Projector:
        """The one with the checkpoints of a replay, which hears what is put aside."""
        ...


class OutOfTimeError(Exception):
    """The run at hand is gone on with by the next call."""


@frozen
class Replayer:
    """Goes on with replays."""

    replays: Replays
    runs: Runs
    projector: ForReplays
    progresses: Callable[[Replay], Progresses]
    """The checkpoints of a replay."""
    call: Callable[[str, str, int], None]
    """Has the replay of a tenant gone on with by another call, after so many seconds. Raises StoreUnavailable."""
    clock: Clock

    def go_on(self, tenant: str, replay: str, *, more: More, deaths: int = 0) -> Replay | None:
        """Do a portion of a replay, as long as there is *more* time, and have it gone on with; how it then stands.

        *deaths* is how often its message came before: somebody was killed, or met trouble. None where there is nothing to do, or
        somebody else does it. Before it is due, the rest of the delay is waited for. Raises StoreUnavailable when it cannot be noted how
        far it is, or nobody can be called.
        """
        order = self.replays.get(tenant, replay)
        if order is None or order.status != "running":
            return None
        if (rest := order.due_at - self.clock()) > 0:
            self.call(tenant, replay, -(-rest // 1000))
            return order
        try:
            try:
                stands, delay = self._portion(order, more, deaths)
            except StoreUnavailable as error:
                stands, delay = self._halted(self.replays.get(tenant, replay) or order, error)
        except Fenced:
            return None
        if stands.status == "running":
            self.call(tenant, replay, delay)
        return stands

    def _portion(self, replay: Replay, more: More, deaths: int) -> tuple[Replay, int]:
        """How the replay stands after a portion, and the seconds after which it is to be gone on with.

        After a death it is one run alone, so that the next deaths are that run's.
        """
        for run, cursor in self._left(replay):
            if run:
                replay, delay = self._one(replay, run, cursor, more, deaths)
                if delay is not None:
                    return replay, delay
            else:
                replay = replace(replay, cursor=cursor)
            if not more() or (run and deaths):
                return self._keep(replay), 0
        return self._keep(replace(replay, status="finished", reason="", finished_at=self.clock())), 0

    def _left(self, replay: Replay) -> Iterator[tuple[Run | None, str]]:
        """The runs that are left, the latest first, each with the cursor of its page; before each page the cursor alone."""
        if replay.run:
            found = self.runs.get(replay.of, replay.run)
            yield from [(found, "")] if found and not replay.done else []
            return
        cursor: str | None = replay.cursor or None
        while True:
            page = self.runs.page(replay.of, limit=PAGE, cursor=cursor)
            for run in page.runs:
                if (run.created_at, run.run) < replay.before and _concerned(run, replay.since):
                    yield run, cursor or ""
            if page.next is None:
                return
            cursor = page.next
            yield None, cursor

    def _one(self, replay: Replay, run: Run, cursor: str, more: More, deaths: int) -> tuple[Replay, int | None]:
        """How the replay stands after a run, and the seconds to wait, or None where the next run can be taken at once.

        That somebody may be killed at it again is noted before, so that no run is left for what happened to the message elsewhere.
        """
        dead = replay.deaths >= DEATHS
        if deaths and not dead:
            replay = self._keep(replay, deaths=replay.deaths + 1)
        hand = _Hand(replay, partial(self._keep, deaths=replay.deaths))
        try:
            if dead:
                hand.put("the run", "whoever projected it was killed each time")
            else:
                self._run(replay, run, more, hand)
        except OutOfTimeError:
            return self._keep(hand.replay), 0
        except StoreUnavailable as error:
            return self._troubled(hand.replay, run, cursor, _worded(error))
        except Fenced:
            raise
        except Exception as error:  # noqa: BLE001 -- it would be the same again, and the other runs can be told
            _log.warning("a run cannot be projected again", exc_info=error)
            hand.put("the run", type(error).__name__)
        # A run of which nothing was told does not show that what is down is there again.
        told = hand.replay.entries > replay.entries or not replay.unreached
        return self._done(replace(hand.replay, reason="", unreached=0) if told else hand.replay, run, cursor), None

    def _run(self, replay: Replay, run: Run, more: More, hand: "_Hand") -> None:
        """Project a run from where the replay's checkpoints are."""
        projector = self.projector(progresses=_Timely(progresses=self.progresses(replay), more=more, took=hand.took), aside=hand)
        for path in run.branches:
            projector.project(run.tenant, run.run, path)
        projector.project(run.tenant, run.run)

    def _troubled(self, replay: Replay, run: Run, cursor: str, reason: str) -> tuple[Replay, int | None]:
        """How the replay stands after trouble with a run: that is tried again, or left; after others that were left it is left at once."""
        if not replay.unreached and replay.tries < len(DELAYS):
            return self._waits(replay, reason), DELAYS[replay.tries]
        left = replace(replay, unreached=replay.unreached + 1, reason=reason, missing=replay.missing or reason)
        stalled = left.unreached >= IN_A_ROW
        if stalled:
            left = replace(left, status="stalled", unreached=0)
        return self._done(left, run, cursor), 0 if stalled else None

    def _halted(self, replay: Replay, error: StoreUnavailable) -> tuple[Replay, int]:
        """How the replay stands when it cannot be told which run is next, or how far it is. What is over meanwhile stays so."""
        if replay.status != "running":
            return replay, 0
        if replay.tries < len(DELAYS):
            return self._waits(replay, _worded(error)), DELAYS[replay.tries]
        return self._keep(replace(replay, tries=replay.tries + 1, reason=_worded(error), status="stalled")), 0

    def _waits(self, replay: Replay, reason: str) -> Replay:
        """The replay as it waits after trouble."""
        due = self.clock() + 1000 * DELAYS[replay.tries]
        return self._keep(replace(replay, tries=replay.tries + 1, due_at=due, reason=reason))

    def _done(self, replay: Replay, run: Run, cursor: str) -> Replay:
        """The replay after a run."""
        if replay.missing and replay.failed < SHOWN:
            self.replays.miss(replay, replay.failed, Missed(run=run.run, reason=replay.missing))
        failed, before = replay.failed + bool(replay.missing), (run.created_at, run.run)
        return self._keep(replace(replay, done=replay.done + 1, failed=failed, cursor=cursor, before=before, tries=0, missing=""))

    def _keep(self, replay: Replay, *, deaths: int = 0) -> Replay:
        """Note how far it is; whoever does so after a run, or after trouble, was not killed."""
        return self.replays.keep(replace(replay, deaths=deaths, touched_at=self.clock()))


def _concerned(run: Run, since: int) -> bool:
    """Whether a run went on at *since*, or later."""
    return run.ended_at is None or max(run.created_at, run.ended_at, run.restarted_at or 0) >= since


def _worded(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_REASON]


class _Hand:
    """The run at hand: what of it is put aside is noted before a checkpoint moves past it, so nobody who is killed takes it along."""

    def __init__(self, replay: Replay, keep: Callable[[Replay], Replay]) -> None:
        self.replay = replay
        self._keep = keep

    def put(self, body: str, reason: str) -> None:
        """Note the first of it. Raises Fenced, and StoreUnavailable."""
        if not self.replay.missing:
            self.replay = self._keep(replace(self.replay, missing=f"{reason} at {body}"[:_REASON]))

    def took(self, entries: int) -> None:
        """Count *entries* past which a checkpoint moved; that is noted with what becomes of the run."""
        self.replay = replace(self.replay, entries=self.replay.entries + entries)


@frozen
class _Timely:
    """The checkpoints *progresses*; where one is asked for without *more* time, the run is left for the next call."""

    progresses: Progresses
    more: More
    took: Callable[[int], None]
    """Hears how many entries it was moved past."""

    def get(self, branch: Branch) -> Progress:
        """The branch's. Raises OutOfTimeError."""
        if not self.more():
            raise OutOfTimeError
        return self.progresses.get(branch)

    def keep(self, branch: Branch, progress: Progress, *, before: Progress) -> None:
        """Note *progress*."""
        self.progresses.keep(branch, progress, before=before)
        if branch.path != ENDS:
            self.took(progress.next - before.next)
