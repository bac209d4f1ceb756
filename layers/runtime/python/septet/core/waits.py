"""Task tokens: which executions wait for somebody's answer, and for what. Whoever stops a run fails them."""

from typing import Protocol

from septet.core.frozen import frozen


@frozen
class Wait:
    """One execution of a run that waits."""

    what: str
    """What it waits for: ``approval/ID``, ``inquiry/ID`` or ``row/CHILD``."""
    token: str
    """Of Step Functions. Never leaves the platform."""


class Waits(Protocol):
    """Storage of task tokens. Every method raises StoreUnavailable when the store fails, and can be repeated."""

    def put(self, tenant: str, run: str, what: str, token: str) -> None:
        """Note that an execution of *run* waits for *what* with *token*; a later token for the same replaces it."""
        ...

    def of(self, tenant: str, run: str) -> tuple[Wait, ...]:
        """All that *run* waits for, read consistently, in the order of ``what``."""
        ...

    def find(self, tenant: str, run: str, what: str) -> str | None:
        """The token that *run* waits for *what* with, read consistently; None when it does not."""
        ...

    def drop(self, tenant: str, run: str, what: str, token: str | None = None) -> None:
        """Forget that *run* waits for *what*; nothing where it does not, or where it waits with another token than *token*.

        Whoever has told an execution gives the token it told: the next attempt of the run may wait for the same by now.
        """
        ...


def for_approval(approval: str) -> str:
    """What a run waits for whose question is *approval*."""
    return f"approval/{approval}"


def for_inquiry(inquiry: str) -> str:
    """What a run waits for that asked outside."""
    return f"inquiry/{inquiry}"


def for_row(child: str) -> str:
    """What a batch waits for while the run *child* works on one of its rows."""
    return f"row/{child}"
