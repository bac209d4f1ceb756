"""What the commands need from outside; tests give their own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from local.cli.moments import utc_now

if TYPE_CHECKING:  # the twin brings boto3, whose most of a second a command about runs elsewhere should not pay
    from collections.abc import Callable

    import httpx

    from local.twin.deploy import Deployment
    from local.twin.layout import Layout
    from local.twin.lifecycle import Down, Say, Up
    from local.twin.status import Status


class Twin(Protocol):
    """The twin, as far as commands use it; ``local.twin.twin.Twin`` is the real one. Methods raise TwinError."""

    layout: Layout

    @property
    def endpoint(self) -> str:
        """Where every AWS service of the twin answers."""
        ...

    @property
    def doubles(self) -> str:
        """Where the model server and the token issuer answer."""
        ...

    def up(self) -> Up:
        """Start what does not run."""
        ...

    def down(self) -> Down:
        """End everything."""
        ...

    def deploy(self) -> Deployment:
        """Bring it to what the repository says."""
        ...

    def status(self) -> Status:
        """Look at everything."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The world of a command line."""

    twin: Callable[[Say], Twin]
    """The twin of this checkout; it says its progress to the function given."""
    seed: Callable[[str, str], int]
    """Write the demo's orders that are missing into the twin at an endpoint, for a tenant; returns how many were."""
    transport: httpx.BaseTransport | None = None
    """How requests travel; None for the network."""
    wait: Callable[[float], None] = time.sleep
    """Let so many seconds pass."""
    now: Callable[[], float] = utc_now
    """Seconds since the epoch."""
