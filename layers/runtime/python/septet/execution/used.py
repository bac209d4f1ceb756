"""What a turn has used of its limits."""

from septet.core.entries import Entry
from septet.core.money import dollars
from septet.execution.agents import Limits


class Used:
    """Counted entry by entry."""

    def __init__(self) -> None:
        self.model_calls = 0
        """Calls of a model, but for those that failed for something that passes."""
        self.tool_calls = 0
        """Calls of tools that the model asked for, those it reads results with included."""
        self.tokens = 0
        """Read and written, by the providers' reports."""
        self.cost = 0
        """Micro-dollars."""
        self._began: int | None = None
        self._latest = 0
        self._waited = 0
        self._waiting_since = 0

    @property
    def began(self) -> bool:
        """Whether the turn has an entry."""
        return self._began is not None

    @property
    def seconds(self) -> int:
        """From the first entry to the latest, waits for people left out."""
        return (self._latest - (self._began or 0) - self._waited) // 1000

    def take(self, entry: Entry) -> None:
        """Count an entry of the turn."""
        if self._began is None:
            self._began = entry.at
        self._latest = entry.at
        self.cost += entry.cost
        if usage := entry.usage:
            self.tokens += usage.input + usage.output + usage.cache_read + usage.cache_write

    def again(self, at: int) -> None:
        """Count anew from now on."""
        self.model_calls = self.tool_calls = self.tokens = self.cost = self._waited = 0
        self._began = self._latest = at

    def wait(self, at: int) -> None:
        """Somebody is waited for from now on."""
        self._waiting_since = at

    def resume(self, at: int) -> None:
        """Nobody is waited for any more."""
        self._waited += at - self._waiting_since

    def exhausted(self, limits: Limits, worst: int) -> str:
        """Which of *limits* forbids another model call that costs at most *worst*, as a sentence; empty when none does."""
        if self.model_calls >= limits.model_calls:
            return f"limits.model_calls is {limits.model_calls}; {self.model_calls} used"
        if self.tokens >= limits.tokens:
            return f"limits.tokens is {limits.tokens}; {self.tokens} used"
        if self.cost + worst > limits.cost:
            return f"limits.cost is {dollars(limits.cost)}; {dollars(self.cost)} used, and the next model call may cost {dollars(worst)}"
        if self.seconds >= limits.seconds:
            return f"limits.seconds is {limits.seconds}; {self.seconds} used"
        return ""
