"""An agent's own check of its answer: what the check is shown, and what becomes of the answer. Pure, as every check has to be."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

from septet.core.entries import Entry, Resolved, ToolResult
from septet.core.journal import Branch, Journal
from septet.execution.actions import Fail, Give, Repair
from septet.execution.agents import Agent, Check
from septet.execution.results import READ_RESULT

KIND = "check"
"""Of the note by which a model is told that its answer does not pass."""
RESOLVED = "resolved"
"""The word under which a check is shown what branches came to, as if a tool had returned it."""
PROBLEMS = 10
"""Of what a check finds that are told."""
PROBLEM_CHARACTERS = 300
"""Of each that are told."""


class Checking:
    """What a turn with a check has seen, and whether its model was told."""

    def __init__(self, agent: Agent, check: Check) -> None:
        self._agent = agent.name
        self._check = check
        self._seen: dict[str, list[Any]] = {}
        self.told = False
        """Whether the model was told once what is wrong."""

    def take(self, result: ToolResult) -> None:
        """Take in what a tool returned to this turn, or to a branch that was joined; whole, also where the model saw the beginning."""
        if not result.error and result.tool != READ_RESULT:
            self._seen.setdefault(result.tool, []).append(result.value)

    def judge(self, end: Give) -> Give | Repair | Fail:
        """*end* as it is, if the check finds nothing; the model is told of problems once, and then the turn fails."""
        try:
            found = self._check(deepcopy(end.value), deepcopy(self._seen))
        except Exception as error:  # noqa: BLE001 -- a check that breaks vouches for nothing, whatever it breaks with
            return Fail(error="CheckFailed", message=f"the check of {self._agent} broke: {type(error).__name__}")
        if not isinstance(found, list) or not all(isinstance(problem, str) and problem for problem in found):
            return Fail(error="CheckFailed", message=f"the check of {self._agent} must return a list of sentences")
        if not found:
            return end
        text = " ".join(problem[:PROBLEM_CHARACTERS] for problem in found[:PROBLEMS])
        return Fail(error="CheckFailed", message=text) if self.told else Repair(text=text, kind=KIND)


def joined(journal: Journal, branch: Branch, history: Sequence[Entry]) -> Iterator[ToolResult]:
    """What the tools returned in the branches that *history*, of *branch*, says are joined, and what they came to (``RESOLVED``)."""
    for entry in history:
        if isinstance(entry.body, Resolved):
            yield ToolResult(call="", tool=RESOLVED, value={"value": entry.body.value, "missing": entry.body.missing})
    paths = dict.fromkeys(path for entry in history if isinstance(entry.body, Resolved) for path in entry.body.paths)
    for path in paths:
        for entry in journal.read(Branch(tenant=branch.tenant, run=branch.run, path=path)):
            if isinstance(entry.body, ToolResult):
                yield entry.body
