"""All sessions whose time has come go on, tenant by tenant, so that nobody waits for one who has many."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from copy import replace

from septet.integration import queueing
from septet.integration.advancing import Stage, advance

AT_ONCE = 100
"""Sessions that are looked at in one go; the next one has the rest."""
LISTED = 1_000
"""Sessions of which those are chosen, tenant by tenant."""
_log = logging.getLogger(__name__)


def advance_due(stage: Stage, more: Callable[[], bool]) -> tuple[int, int]:
    """Take every session that is due as far as it can go, while there is time for *more*; how many went on, and how many could not."""
    done = failed = 0
    for tenant, name in fairly(stage.sessions.due(now=stage.clock(), limit=LISTED))[:AT_ONCE]:
        if not more():
            break
        try:
            _put_off(tenant, name, stage)  # first, so that others have their turn whatever becomes of this one
            advance(tenant, name, stage)
            done += 1
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with one session, the others are other people's
            _log.warning("session %s of %s is left for the next time: %s", name, tenant, type(error).__name__)
            failed += 1
    return done, failed


def fairly(due: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The sessions that are *due*, by tenant and id: each tenant's first, then each one's second, and so on."""
    seen = Counter[str]()
    placed: list[tuple[int, tuple[str, str]]] = []
    for one in due:
        placed.append((seen[one[0]], one))
        seen[one[0]] += 1
    return [one for _, one in sorted(placed, key=lambda found: found[0])]


def _put_off(tenant: str, name: str, stage: Stage) -> None:
    """Let the sessions that are due after this one be looked at before it is again, unless somebody has changed it."""
    session, now = stage.sessions.get(tenant, name), stage.clock()
    if session and 0 < session.due <= now:
        stage.sessions.replace(session, replace(session, version=session.version + 1, due=now + queueing.SOON))
