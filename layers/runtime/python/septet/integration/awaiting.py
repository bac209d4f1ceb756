"""Reading a journal as it is written: whoever asks for entries that are not there yet is answered when they are."""

from collections.abc import Callable

from septet.core.journal import Branch
from septet.integration import reading
from septet.integration.ports import Ports, Principal
from septet.integration.reading import Excerpt, Part

LONGEST = 20
"""Seconds that anybody waits at most: API Gateway gives up after 29, and the function needs some of them to begin and to answer."""
PAUSE = 1_000
"""Milliseconds between two looks."""
RESERVE = 4_000
"""Milliseconds that are left for the last look and the answer."""


def awaited(run_id: str, principal: Principal, ports: Ports, *, part: Part, seconds: int, left: Callable[[], int]) -> Excerpt:
    """*part* of a branch, at once if it has entries or the run has ended; else once it has, looked for every second for some *seconds*.

    *left* says how many milliseconds there are to answer. Raises Problem as ``reading.excerpt``.
    """
    found = reading.excerpt(run_id, principal, ports, part=part)
    until = ports.clock() + min(seconds, LONGEST) * 1000
    over = False
    while not (found.entries or over) and ports.clock() < until and left() > PAUSE + RESERVE:
        # The record is read first: of a run that had ended by then, the entries that follow are the last.
        run = reading.record(run_id, principal, ports)
        over = run.status != "running"
        if not over:
            ports.pause(PAUSE)
        found = reading.entries(Branch(tenant=run.tenant, run=run.run, path=part.branch), ports, part)
    return found
