"""A classifier of texts that somebody else runs. What it says is telemetry: nothing is allowed because of it, and nothing rests on it."""

from typing import Literal, Protocol

from septet.core.frozen import frozen

Source = Literal["INPUT", "OUTPUT"]
"""Whether a text goes to a model or comes from one."""


@frozen
class Assessment:
    """What a guardrail makes of a text."""

    action: Literal["none", "intervened", "unavailable"]
    """``unavailable``: it could not be asked, or not about all of the text; whatever is done goes on without its word."""
    kinds: tuple[str, ...] = ()
    """What it found, by its policies' words, sorted; never a part of the text."""


class Guardrail(Protocol):
    """A guardrail of a deployment's own."""

    def assess(self, text: str, source: Source) -> Assessment:
        """What it makes of *text*. Never raises."""
        ...
