"""A model that plays a script: a test double, no model runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from septet.execution.ports import ModelRequest, Reply

Line = Reply | Exception
"""What is answered, or raised once before the next line is played."""


class ScriptedModel:
    """Plays each agent's lines in order. The same request again, after a crash, gets the same reply; one without a line is an error."""

    def __init__(self, script: Mapping[str, Sequence[Line]]) -> None:
        self._scenes = {agent: _scenes(lines) for agent, lines in script.items()}
        self._asked: Counter[tuple[str, str, int]] = Counter()
        self.requests: list[ModelRequest] = []
        """Every request so far, as it was when it was made."""

    def complete(self, request: ModelRequest) -> Reply:
        """The next line of the agent that asks. Raises what the script says, or AssertionError when it says nothing."""
        agent, step = request.metadata["agent"], int(request.metadata["step"])
        self.requests.append(replace(request, messages=tuple(request.messages)))
        scenes = self._scenes.get(agent, [])
        if step >= len(scenes):
            raise AssertionError(f"no line for request {step} of {agent}, whose script has {len(scenes)}")
        asked = request.metadata["run"], request.metadata["turn"], step
        line = scenes[step][min(self._asked[asked], len(scenes[step]) - 1)]
        self._asked[asked] += 1
        if isinstance(line, Exception):
            raise line
        return line


def _scenes(lines: Sequence[Line]) -> list[list[Line]]:
    """*lines* by the request they answer: what is raised first, then the reply."""
    scenes: list[list[Line]] = [[]]
    for line in lines:
        scenes[-1].append(line)
        if isinstance(line, Reply):
            scenes.append([])
    return [scene for scene in scenes if scene]
