"""What a run can use, in figures."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Worst:
    """What a run, or a part of it, can use at most."""

    money: int = 0
    """Micro-dollars of all turns; a run's own budget may be less, and then decides."""
    model_calls: int = 0
    seconds: int = 0
    """Turns at their limits, every retry taken, every wait to its end."""
    transitions: int = 0
    """States entered, retries too: what Step Functions bills."""
    events: int = 0
    """Of the history of the execution itself."""

    def and_then(self, other: "Worst", *, times: int = 1) -> "Worst":
        """This, and after it *other* as often as *times*."""
        return Worst(**{name: getattr(self, name) + times * getattr(other, name) for name in self.__slots__})

    def or_else(self, other: "Worst") -> "Worst":
        """Whichever of the two is more, figure by figure."""
        return Worst(**{name: max(getattr(self, name), getattr(other, name)) for name in self.__slots__})
