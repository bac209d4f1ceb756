"""Undoing as a state of a workflow: what a cancelled run did is undone; what one did that nobody cancelled is kept, from now on."""

from collections.abc import Mapping
from typing import Any, Protocol

from septet.core.errors import InputRejected
from septet.core.runs import Runs

KEPT = "kept"
CANCELLED = "cancelled"


class Undoes(Protocol):
    """The gateway, as far as it undoes."""

    def undo(self, tenant: str, run: str) -> Mapping[str, Any]:
        """How far undoing *run* is."""
        ...


def compensate(tenant: str, run: str, *, only: str, execution: str, runs: Runs, gateway: Undoes) -> Mapping[str, Any]:
    """Have the gateway undo what *run* did, and say how far it is.

    With *only* ``cancelled``, what nobody had cancelled is ``kept``, and can be cancelled no more: of that and a cancellation, the one
    that was written first stands. So a workflow that ends next leaves no moment in which one is accepted and nothing is undone.
    *execution* is the name of who asks: an attempt that is over keeps nothing. Raises InputRejected for no run or another *only*, and
    what the gateway raises.
    """
    if only not in ("", CANCELLED):
        raise InputRejected(f"only is {only!r}: give {CANCELLED!r}, or leave it out")
    found = runs.get(tenant, run)
    if found is None:
        raise InputRejected(f"there is no run {run}")
    if only and (found.name != execution or runs.keep(tenant, run, attempt=found.attempt)):
        return {"outcome": KEPT, "undone": 0, "named": 0}
    return gateway.undo(tenant, run)
