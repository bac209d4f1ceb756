"""Why a model was called, and why this one: what the journal says, and what follows from how the platform chooses."""

from dataclasses import dataclass, field

from septet.core.entries import LOST, Compacted, Entry, ModelCall, ModelFailed, ModelReply, Note, Restarted, ToolResult
from septet.observability.explaining.steps import Why

_RESULTS = 4
"""Results that are named."""


@dataclass(kw_only=True, slots=True)
class _Turn:
    """What is known of a turn."""

    usual: str = ""
    """The model of its first call."""
    step: int = -1
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Of the step: models, and names of error classes."""
    since: list[str] = field(default_factory=list)
    """What has come in since its latest reply."""
    begun: bool = False


class Choices:
    """Follows the model calls of a branch."""

    def __init__(self) -> None:
        self._turns: dict[tuple[str, str], _Turn] = {}

    def heard(self, entry: Entry) -> None:
        """Take in an entry before it is told."""
        turn = self._of(entry)
        match entry.body:
            case ModelFailed(model=model, error=error):
                turn.failures.append((model, error))
            case ToolResult(tool=tool, error=error):
                turn.since.append(f"{tool} ({error})" if error else tool)
            case Note(kind="repair" | "check", text=text):
                turn.since.append(f"what the platform told it: {text}")
            case Compacted():
                turn.since.append("its shortened history")
            case Restarted():
                self._turns = {}

    def first(self, entry: Entry) -> bool:
        """Whether nothing of the turn was asked before; asked again, it was."""
        turn = self._of(entry)
        fresh, turn.begun = not turn.begun, True
        return fresh

    def why(self, entry: Entry, call: ModelCall) -> tuple[Why, ...]:
        """Why *call* is made, and of this model."""
        turn = self._of(entry)
        found = self._again(turn, call) if call.step == turn.step and turn.failures else self._anew(turn, call)
        if call.step != turn.step:
            turn.step, turn.failures = call.step, []
        turn.usual, turn.since = turn.usual or call.model, []
        return found

    def cached(self, entry: Entry, reply: ModelReply) -> tuple[Why, ...]:
        """Why there is a reply without a call."""
        turn = self._of(entry)
        came, turn.since = turn.since, []
        turn.usual = turn.usual or reply.model
        return _came(came)

    def _of(self, entry: Entry) -> _Turn:
        return self._turns.setdefault((entry.agent, entry.turn), _Turn())

    def _anew(self, turn: _Turn, call: ModelCall) -> tuple[Why, ...]:
        why = _came(turn.since)
        if turn.usual and turn.usual != call.model:
            out = "which the circuit breaker has taken out as sick, or which is too dear for what is left"
            why += (Why(by="platform", text=f"{call.model} stands in for {turn.usual}, {out}", certain=False),)
        return why

    def _again(self, turn: _Turn, call: ModelCall) -> tuple[Why, ...]:
        last, error = turn.failures[-1]
        if error == LOST:
            return (Why(by="platform", text=f"another process took the turn up: the call of {last} before was lost"),)
        if call.model == last:
            return (Why(by="platform", text=f"tried again: {error} may pass"),)
        if call.model in {model for model, _ in turn.failures}:
            turn.failures = []
            text = "every candidate had failed, and the workflow tried the step anew: within one try no model is called again after another"
            return (Why(by="workflow", text=text),)
        return (Why(by="platform", text=f"fallback: {last} failed with {error}"),)


def _came(since: list[str]) -> tuple[Why, ...]:
    """What the model is asked about now."""
    if not since:
        return ()
    more = f" and {len(since) - _RESULTS} more" if len(since) > _RESULTS else ""
    return (Why(by="platform", text=f"the model is shown {', '.join(since[:_RESULTS])}{more}"),)
