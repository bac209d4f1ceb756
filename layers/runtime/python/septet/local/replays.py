"""A double of the table of replays."""

from copy import replace
from threading import Lock

from septet.core.errors import Fenced
from septet.core.replays import Going, Missed, Replay


class MemoryReplays:
    """Replays by tenant and id."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Replay] = {}
        self._missed: dict[tuple[str, str], dict[int, Missed]] = {}
        self._going: dict[str, Going] = {}
        self._lock = Lock()

    def going(self, tenant: str) -> Going:
        """Who was let in."""
        return self._going.get(tenant, Going())

    def create(self, replay: Replay, going: Going) -> Replay:
        """Store it unless its id is taken."""
        with self._lock:
            if found := self._held.get((replay.tenant, replay.replay)):
                return found
            self._let_in(replay, going)
            self._held[replay.tenant, replay.replay] = replay
            return replay

    def resume(self, replay: Replay, going: Going) -> Replay:
        """Note it, and who goes on."""
        with self._lock:
            self._check(replay)
            self._let_in(replay, going)
            return self._further(replay)

    def _let_in(self, replay: Replay, going: Going) -> None:
        if self.going(replay.tenant).version != going.version:
            raise Fenced("another replay was let in")
        self._going[replay.tenant] = replace(going, version=going.version + 1)

    def get(self, tenant: str, replay: str) -> Replay | None:
        """The replay."""
        return self._held.get((tenant, replay))

    def keep(self, replay: Replay) -> Replay:
        """Note how far it is."""
        with self._lock:
            self._check(replay)
            return self._further(replay)

    def _check(self, replay: Replay) -> None:
        if self._held[replay.tenant, replay.replay].version != replay.version:
            raise Fenced("somebody else goes on with the replay")

    def _further(self, replay: Replay) -> Replay:
        after = self._held[replay.tenant, replay.replay] = replace(replay, version=replay.version + 1)
        return after

    def miss(self, replay: Replay, number: int, missed: Missed) -> None:
        """Note a run."""
        self._missed.setdefault((replay.tenant, replay.replay), {})[number] = missed

    def missed(self, tenant: str, replay: str) -> tuple[Missed, ...]:
        """Those that were noted."""
        return tuple(missed for _, missed in sorted(self._missed.get((tenant, replay), {}).items()))
