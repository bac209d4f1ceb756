"""What runs at the moment, as the ledger knows it."""

from septet.core.frozen import frozen


@frozen
class Open:
    """A run whose accounts are open: it was admitted and has not ended."""

    tenant: str
    run: str
    workflow: str = ""
    parent: str = ""
    """The run that started it, if one did."""
    since: int = 0
    """Milliseconds since the epoch; of a restarted run, of its restart."""
    attempt: int = 0
    """Which attempt of the run they were opened for."""
