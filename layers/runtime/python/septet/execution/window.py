"""Whether the next request may exceed the models' context."""

from septet.core.money import Usage
from septet.execution.agents import Agent


class Window:
    """The room of the smallest candidate, and how much of it is taken."""

    def __init__(self, agent: Agent) -> None:
        self.candidates = tuple(model for model in agent.models if model.weight > 0) or agent.models
        """The models that are called when nothing is wrong."""
        most = agent.limits.reply_tokens
        self._room = min(model.context - min(most, model.max_output) for model in self.candidates)
        self._reported: int | None = None
        self._then = 0

    def measure(self, usage: Usage | None, bound: int) -> None:
        """Note the provider's *usage* for a request that had at most *bound* input tokens."""
        tokens = usage.input + usage.cache_read + usage.cache_write if usage else 0
        if tokens:
            self._reported, self._then = tokens, bound

    def forget(self) -> None:
        """What was reported is of a request that will not be made again."""
        self._reported = None

    def exceeded(self, bound: int) -> bool:
        """Whether a request of at most *bound* tokens may not fit: by that, and by the last report with all that was said since."""
        tokens = bound if self._reported is None else min(bound, self._reported + bound - self._then)
        return tokens > self._room
