"""What of a branch counts for who works next: a restart takes up what had failed, so nothing before it is held against anybody."""

from collections.abc import Sequence

from septet.core.entries import Entry, Request, Restarted, Routed
from septet.core.errors import InputRejected


def present(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries of the present attempt: those after the last restart."""
    last = max((place for place, entry in enumerate(entries) if isinstance(entry.body, Restarted)), default=-1)
    return entries[last + 1 :]


def workflow(entries: Sequence[Entry]) -> str:
    """The workflow that the branch is of. Raises InputRejected when it does not begin with a request."""
    first = entries[0].body if entries else None
    if not isinstance(first, Request):
        raise InputRejected("the journal does not begin with a request")
    return first.workflow


def pending(entries: Sequence[Entry], purpose: str, of: str) -> Entry | None:
    """The choice for *purpose* and *of* after which no agent has written yet: a step that is repeated finds what it chose."""
    for entry in reversed(present(entries)):
        if entry.agent:
            return None
        if isinstance(entry.body, Routed) and (entry.body.purpose, entry.body.of) == (purpose, of):
            return entry
    return None
