"""Who takes what is told, and tells nobody: a replay tells no measures again."""

from collections.abc import Sequence

from septet.observability.measures import Measure
from septet.observability.spans import Span


class Silent:
    """A meter and an exporter that do nothing."""

    def tell(self, measures: Sequence[Measure]) -> None:
        """Nothing."""

    def export(self, spans: Sequence[Span]) -> None:
        """Nothing."""
