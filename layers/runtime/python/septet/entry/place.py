"""Where the present invocation works: for the lines that it logs, and for what it is part of."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

MAIN = "main"
"""The branch of whoever names none, as ``septet.core.journal`` has it; a tool has no use for the rest of that."""
PLACE = ("tenant", "run", "branch", "trace")
here: dict[str, str] = {}
"""Where the present invocation works, as far as it is known: ``PLACE``, with the trace as X-Ray's header has it."""
Where = Callable[[Any], Mapping[str, Any]]


def of_event(event: Any) -> Mapping[str, Any]:
    """Where an agent, a step or the gateway is asked to work."""
    if not isinstance(event, Mapping):
        return {}
    branch = event.get("branch") or (MAIN if "run" in event else "")
    return {**branch, "branch": branch.get("path")} if isinstance(branch, Mapping) else {**event, "branch": branch}


@contextmanager
def at(place: Mapping[str, Any]) -> Iterator[None]:
    """Meanwhile the invocation works at *place*, of which texts under the names of ``PLACE`` count."""
    before = dict(here)
    here.clear()
    here.update({name: value for name in PLACE if isinstance(value := place.get(name), str) and value})
    try:
        yield
    finally:
        here.clear()
        here.update(before)
