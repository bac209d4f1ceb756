"""What may stand between a scripted model and AgentDojo's tools.

Our monitor, our monitor with a part taken out, and two doors that show that the harness can fail. A door is made of a prompt, a suite and
whether somebody attends.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from septet.security.questions import Policies
from tests.suites import ablations
from tests.suites.agentdojo import Outcome, guarded, manifests, policies


class Door(Protocol):
    """Decides on each call, and is told what came of it."""

    reasons: tuple[str, ...]
    """Of the last decision."""

    def decide(self, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """Whether the call may be made."""
        ...

    def record(self, tool: str, arguments: Mapping[str, Any], result: object, text: str) -> None:
        """A call that was made."""
        ...


class Always:
    """Stops nothing, or everything that is not a read."""

    reasons = ()

    def __init__(self, suite: str, *, reads: bool) -> None:
        self.tools, self.reads = manifests(suite), reads

    def decide(self, tool: str, arguments: Mapping[str, Any]) -> Outcome:
        """The same for every call of the tool."""
        del arguments
        return "allow" if not self.reads or self.tools[tool].reads else "deny"

    def record(self, tool: str, arguments: Mapping[str, Any], result: object, text: str) -> None:
        """Nothing is learned."""


def _ablated(change: Callable[[Policies], Policies]) -> Callable[[str, str, bool], Door]:
    return lambda prompt, suite, attended: guarded(prompt, manifests(suite), change(policies()), attended=attended)


DOORS: Mapping[str, Callable[[str, str, bool], Door]] = {
    "open": lambda _prompt, suite, _attended: Always(suite, reads=False),
    "reads only": lambda _prompt, suite, _attended: Always(suite, reads=True),
    "monitor": lambda prompt, suite, attended: guarded(prompt, manifests(suite), policies(), attended=attended),
    "every label constant": _ablated(lambda rules: ablations.ConstantLabels(policies=rules, label=0)),
    "every label unknown": _ablated(lambda rules: ablations.ConstantLabels(policies=rules, label=7)),
    "permit all": _ablated(lambda _rules: ablations.PermitAll()),
    "one argument unlabelled": lambda prompt, suite, attended: guarded(
        prompt, ablations.unlabelled(manifests(suite)), policies(), attended=attended
    ),
}
