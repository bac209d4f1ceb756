"""The models' health in memory."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from septet.execution.agents import ModelSpec
from septet.execution.breaker import FAILURES, OPEN, PROBE, WINDOW, Streaks


@dataclass
class MemoryHealth:
    """A double of the shared breaker: who is sick is what a test says."""

    ill: set[str] = field(default_factory=set)
    """Ids of models that are not to be called."""
    taken: set[str] = field(default_factory=set)
    """Ids of models that another process is trying."""
    reports: list[tuple[str, bool]] = field(default_factory=list)
    """Every report so far: a model's id, and whether the call went well."""

    def sick(self, models: Sequence[ModelSpec]) -> frozenset[str]:
        """The ids of those *models* that a test made sick."""
        return frozenset(model.id for model in models if model.id in self.ill)

    def admit(self, model: ModelSpec) -> bool:
        """Whether a test lets *model* be called."""
        return model.id not in self.taken

    def report(self, model: ModelSpec, *, well: bool) -> None:
        """Note how a call went."""
        self.reports.append((model.id, well))


@dataclass(kw_only=True)
class Circuits:
    """What several doubles of the breaker share."""

    counted: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Failures of a model, and since when they are counted."""
    open_until: dict[str, int] = field(default_factory=dict)


class MemoryBreaker:
    """A double of the shared breaker that goes by its rules, as one process has it."""

    def __init__(self, circuits: Circuits, *, clock: Callable[[], int]) -> None:
        self._circuits = circuits
        self._clock = clock
        self._streaks = Streaks()
        self._probing: dict[str, int] = {}

    def sick(self, models: Sequence[ModelSpec]) -> frozenset[str]:
        """The ids of those *models* that are not to be called now."""
        return frozenset(model.id for model in models if self._is_sick(model.id, self._clock()))

    def admit(self, model: ModelSpec) -> bool:
        """Whether this process may call *model* now: of one whose time alone is over, one process at a time."""
        now = self._clock()
        if 0 < self._circuits.open_until.get(model.id, 0) <= now:
            self._circuits.open_until[model.id] = self._probing[model.id] = now + PROBE
        return True  # nobody else comes in between here: a claim is never lost

    def report(self, model: ModelSpec, *, well: bool) -> None:
        """Note how a call went."""
        tell = self._streaks.note(model.id, well=well)
        now, circuits, opened = self._clock(), self._circuits, model.id in self._circuits.open_until
        if well and (tell or opened):
            circuits.open_until.pop(model.id, None)
            circuits.counted.pop(model.id, None)
        elif not well and (opened or (tell and self._count(model.id, now) >= FAILURES)):
            circuits.open_until[model.id] = now + OPEN
            circuits.counted.pop(model.id, None)
            self._probing.pop(model.id, None)

    def _is_sick(self, id_: str, now: int) -> bool:
        return self._circuits.open_until.get(id_, 0) > now and self._probing.get(id_, 0) <= now

    def _count(self, id_: str, now: int) -> int:
        failures, since = self._circuits.counted.get(id_, (0, now))
        self._circuits.counted[id_] = (failures + 1, since) if since > now - WINDOW else (1, now)
        return self._circuits.counted[id_][0]
