"""Which line of which scenario answers a model call: a pure function of what is loaded and the request.

A repeated call finds the same step, so retries and parallel runs need no memory here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from local.doubles.answer import CAME, UNEXPECTED, ModelError
from local.doubles.call import ModelCall, words
from local.doubles.scenario.library import Loaded
from local.doubles.scenario.script import AgentScript, Fault, Scenario, Step, Turns

_EXCERPT = 100
_MOST_LISTED = 3
"""Scenarios that are told: with a platform's own 500 characters for an error, all that is to be done is among them."""
_TEXT = 45
"""Characters of a scenario's text that are told."""
ANY_TURN = "*"


class UnexpectedCall(ModelError):  # noqa: N818 (it is what came, not what failed)
    """No line of any scenario answers this call; the message says what came, what was expected, and the fix."""

    def __init__(self, call: ModelCall, *, expected: str, scenario: str = "none") -> None:
        """*expected* says the cause and the fix in a sentence or two; *scenario* names the one selected."""
        came = (
            f"agent '{call.agent or '(none given)'}', turn '{call.turn}', step {call.step}, run '{call.run}', "
            f"scenario selected: {scenario}, last message: {_excerpt(call)}."
        )
        message = f"{UNEXPECTED}{expected}{CAME}{came}"
        super().__init__("ValidationException", message, outcome="unexpected")


@dataclass(frozen=True, kw_only=True)
class Line:
    """The step that answers a call, and where it is written."""

    source: str
    scenario: str
    step: Step

    @property
    def place(self) -> str:
        """Where to look, for sentences."""
        return f"'{self.scenario}' ({self.source})"


def find(loaded: Sequence[Loaded], call: ModelCall) -> Line:
    """Find the step that answers *call*; raise UnexpectedCall."""
    one = _select(loaded, call)
    line = Line(source=one.source, scenario=one.scenario.scenario, step=_told(_step(one, call), call))
    unknown = [asked.tool for asked in line.step.calls if asked.tool not in call.offered_tools]
    if unknown:
        offered = ", ".join(sorted(call.offered_tools)) or "none"
        fix = "Correct the name, or use the fault unknown_tool."
        expected = f"expected a tool that the request offers ({offered}), but the reply calls '{unknown[0]}'. {fix}"
        raise UnexpectedCall(call, expected=expected, scenario=line.place)
    return line


def fault_at(step: Step, attempt: int) -> Fault | None:
    """Tell which fault spoils the n-th attempt (from 0) of a step, if any."""
    for fault in step.faults:
        if fault.times is None or attempt < fault.times:
            return fault
        attempt -= fault.times
    return None


def _select(loaded: Sequence[Loaded], call: ModelCall) -> Loaded:
    first = next((message for message in call.messages if message["role"] == "user"), None)
    said = " ".join(words(first).split()) if first else ""
    fitting = [one for one in loaded if all(text in said for text in one.scenario.when.texts)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(f"'{one.scenario.scenario}' ({one.source})" for one in fitting)
        raise UnexpectedCall(call, expected="expected one scenario, but several fit. Make `when.contains` more particular.", scenario=names)
    known = _known(loaded, call.agent)
    expected = f"send a message that a scenario is for ({known}), or load a scenario for this one. None holds '{said[:_TEXT]}'."
    raise UnexpectedCall(call, expected=expected)


def _known(loaded: Sequence[Loaded], agent: str) -> str:
    """What a message may hold to be answered, shortened: where *agent* has a part, so that other workflows' scenarios are left out."""
    fitting = [one for one in loaded if agent in one.scenario.agents] or loaded
    texts = [_named(one.scenario.when.texts) for one in fitting[:_MOST_LISTED]]
    more = [f"{len(fitting) - _MOST_LISTED} more"] * (len(fitting) > _MOST_LISTED)
    return "; ".join([*texts, *more]) or "none is loaded"


def _named(texts: Sequence[str]) -> str:
    whole = " and ".join(f"'{text}'" for text in texts)
    return whole if len(whole) <= _TEXT else f"'{_short(texts[0])}'{' and more' * (len(texts) > 1)}"


def _short(text: str) -> str:
    return text if len(text) <= _TEXT else f"{text[: _TEXT - 1]}…"


def _step(one: Loaded, call: ModelCall) -> Step:
    scenario, place = one.scenario, f"'{one.scenario.scenario}' ({one.source})"
    if call.agent not in scenario.agents:
        fix = f"Add agents.{call.agent} to {one.source}." if call.agent else "Name the agent in requestMetadata."
        expected = f"expected a call of one of the agents {', '.join(scenario.agents)}. {fix}"
        raise UnexpectedCall(call, expected=expected, scenario=place)
    where, steps = _turn(scenario, call, place)
    if call.step >= len(steps):
        expected = f"{where} has {len(steps)} step{'s' * (len(steps) != 1)}, numbered from 0. Add step {call.step} there, in {one.source}."
        raise UnexpectedCall(call, expected=expected, scenario=place)
    return steps[call.step]


def _told(step: Step, call: ModelCall) -> Step:
    """What is answered in *step* after what the model was told last."""
    if step.instead is None or step.instead.contains not in _last(call):
        return step
    return step.model_copy(update={"text": step.instead.text, "calls": step.instead.calls})


def _turn(scenario: Scenario, call: ModelCall, place: str) -> tuple[str, list[Step]]:
    where = f"agents.{call.agent}"
    script: AgentScript = scenario.agents[call.agent]
    if not isinstance(script, Turns):
        return where, script
    fitting = [pattern for pattern in script.turns if pattern != ANY_TURN and fnmatchcase(call.turn, pattern)]
    if len(fitting) > 1:
        raise UnexpectedCall(
            call, expected=f"expected one pattern of {where}.turns to fit this turn, but {fitting} do. Narrow one.", scenario=place
        )
    pattern = fitting[0] if fitting else ANY_TURN
    if pattern not in script.turns:
        raise UnexpectedCall(
            call, expected=f"expected a turn that fits one of {list(script.turns)} in {where}.turns. Add one, or `*`.", scenario=place
        )
    return f"{where}.turns.{pattern}", script.turns[pattern]


def _excerpt(call: ModelCall) -> str:
    said = words(call.messages[-1]) or "; ".join(f"toolResult {result}" for result in _results(call))
    return f"({call.messages[-1]['role']}) '{said[:_EXCERPT]}'"


def _last(call: ModelCall) -> str:
    return "\n".join([words(call.messages[-1]), *_results(call)])


def _results(call: ModelCall) -> list[str]:
    """What the last message holds of tools' results."""
    return [_written(block["toolResult"]["content"]) for block in call.messages[-1]["content"] if block.get("toolResult")]


def _written(content: list[dict[str, Any]]) -> str:
    return "\n".join(part["text"] if "text" in part else json.dumps(part.get("json"), ensure_ascii=False) for part in content)
