"""Questions to somebody outside: how each ended is written first, and told to the execution that waits from there."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol

from septet.core.canonical import canonical, digest
from septet.core.frozen import frozen

Status = Literal["open", "answered", "expired", "cancelled"]
Outcome = Literal["answered", "expired", "cancelled"]
"""How an inquiry ends: somebody answered, nobody did in time, or its run is cancelled."""


@frozen
class Inquiry:
    """A question and, once there is one, its answer."""

    tenant: str
    inquiry: str
    """Its id: a digest of tenant, run, branch and step, so that a step that is taken again meets its own question."""
    run: str
    name: str
    """Of its declaration in ``policies/inquiries.toml``."""
    to: str
    """Whom it is for: a word of the declaration's."""
    roles: tuple[str, ...]
    """Who may answer, besides an admin."""
    question: Any
    """From the run's journal."""
    answer_schema: Mapping[str, Any]
    """What an answer has to be."""
    asked_at: int
    """Milliseconds since the epoch, as all times here."""
    expires_at: int
    afterwards: bool = False
    """It is about what a cancelled run leaves behind: that the run is cancelled does not end it."""
    status: Status = "open"
    answer: Any = None
    by: str = ""
    """Who answered, or cancelled the run."""
    ended_at: int | None = None


def inquiry_id(tenant: str, run: str, branch: str, step: str) -> str:
    """The id of the question that the workflow's *step* asks in a branch of *run*."""
    return "inq-" + digest(canonical([tenant, run, branch, step]))[:32]


class Inquiries(Protocol):
    """Storage of inquiries. Agents cannot write it. Every method raises StoreUnavailable when the store fails, and can be repeated."""

    def ask(self, inquiry: Inquiry) -> Inquiry:
        """Store the question unless it was asked before, and return what is stored."""
        ...

    def get(self, tenant: str, inquiry: str) -> Inquiry | None:
        """The inquiry, read consistently; None when there is none."""
        ...

    def listed(self, tenant: str) -> list[Inquiry]:
        """All inquiries of the tenant, newest question first."""
        ...

    def end(self, tenant: str, inquiry: str, *, outcome: Outcome, at: int, by: str = "", answer: Any = None) -> Inquiry | None:
        """Write how it ended if it is open and, for an answer, *at* is before its expiry; None when it is not. The first end stands."""
        ...

    def undelivered(self) -> Iterator[Inquiry]:
        """Inquiries that were answered or cancelled and whose execution was not told yet, the oldest end first."""
        ...

    def delivered(self, tenant: str, inquiry: str) -> None:
        """Note that the waiting execution was told."""
        ...
