"""What may stand between a scripted model and AgentDojo's tools.

Our monitor, our monitor with a part taken out, and two doors that show that the harness can fail.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from septet.core.frozen import frozen
from septet.security.questions import Policies
from tests.suites import ablations, planner
from tests.suites.agentdojo import Outcome, guarded, manifests, planned_monitor, policies
from tests.suites.planner import Made


@frozen
class Case:
    """What a door is made for."""

    prompt: str
    suite: str
    attended: bool
    made: Callable[[], list[Made]]
    """Makes the user task's own calls, aside: only a door that is told a plan looks at them, and the figures say whose plan it is."""


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


def _ablated(change: Callable[[Policies], Policies]) -> Callable[[Case], Door]:
    return lambda case: guarded(case.prompt, manifests(case.suite), change(policies()), attended=case.attended)


def _planned(case: Case) -> Door:
    tools = manifests(case.suite)
    return planned_monitor(case.prompt, case.suite, planner.plan(case.prompt, case.made(), tools), attended=case.attended)


DOORS: Mapping[str, Callable[[Case], Door]] = {
    "open": lambda case: Always(case.suite, reads=False),
    "reads only": lambda case: Always(case.suite, reads=True),
    "monitor": _ablated(lambda rules: rules),
    "planned": _planned,
    "every label constant": _ablated(lambda rules: ablations.ConstantLabels(policies=rules, label=0)),
    "every label unknown": _ablated(lambda rules: ablations.ConstantLabels(policies=rules, label=7)),
    "permit all": _ablated(lambda _rules: ablations.PermitAll()),
    "targets without provenance": _ablated(lambda rules: ablations.ConstantLabels(policies=rules, label=0, role="target")),
    "selectors without provenance": _ablated(lambda rules: ablations.ConstantLabels(policies=rules, label=0, role="selector")),
}
