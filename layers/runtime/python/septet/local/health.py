"""The models' health in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from septet.execution.agents import ModelSpec


@dataclass
class MemoryHealth:
    """A double of the shared breaker: who is sick is what a test says."""

    ill: set[str] = field(default_factory=set)
    """Ids of models that are not to be called."""
    reports: list[tuple[str, bool]] = field(default_factory=list)
    """Every report so far: a model's id, and whether the call went well."""

    def sick(self, models: Sequence[ModelSpec]) -> frozenset[str]:
        """The ids of those *models* that a test made sick."""
        return frozenset(model.id for model in models if model.id in self.ill)

    def report(self, model: ModelSpec, *, well: bool) -> None:
        """Note how a call went."""
        self.reports.append((model.id, well))
