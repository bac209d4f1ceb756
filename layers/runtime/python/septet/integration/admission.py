"""How many runs a tenant may have open at once: its fair share, and more while nobody else needs it. Pure."""

from collections.abc import Mapping

AGAIN_SECONDS = 5
"""After which a submission that was refused because too much runs is worth another attempt."""


def share(tenant: str, loads: Mapping[str, int], capacity: int) -> int:
    """What *tenant* is guaranteed of *capacity*: an equal part, at least one run, with all who run something as *loads* has it."""
    others = sum(1 for other, load in loads.items() if load > 0 and other != tenant)
    return max(1, capacity // (others + 1))


def allowed(tenant: str, loads: Mapping[str, int], capacity: int) -> int:
    """The most runs that *tenant* may have open now: its share, or all that the others leave of *capacity*, whichever is more.

    So whoever is below its share is always let in, however much the others run, and nothing of the capacity lies idle while somebody asks
    for it. Where runs beyond a share stand in the way of another's share, more than *capacity* is open until they have ended: while that is
    so, nobody gets more than a share.
    """
    return max(share(tenant, loads, capacity), capacity - sum(load for other, load in loads.items() if other != tenant))
