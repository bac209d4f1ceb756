"""Which failures are tried: every state of every workflow that calls something, with each class of error that it can end in."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from septet.core.errors import CLASSES
from stacks.catalog.errors import AWS
from tests.faults.hurry import OVERDUE, late
from tests.faults.route import Route

TIMEOUT = "States.Timeout"
"""No function can end in it: a state does whose function takes longer than its `TimeoutSeconds`."""
AGENT = (*CLASSES, "Lambda.ServiceException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "KeyError", TIMEOUT)
"""What an agent's state can end in: the runtime's own classes, AWS's, and an error that nobody has foreseen."""
STEP = (
    *(
        "StoreUnavailable",
        "Fenced",
        "InputRejected",
        "RunStopped",
        "BudgetExhausted",
        "NoAnswer",
        "Overloaded",
        "ToolFailed",
        "JournalDamaged",
    ),
    *("Lambda.ServiceException", "Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "KeyError", TIMEOUT),
)
NAMED = {*CLASSES, *AWS, *(name.removeprefix("States.") for name in AWS), "KeyError"}
"""Names that tell somebody what happened: ours, AWS's, and a class of Python's for a defect. A Fail state may not say `States.` itself."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One state, one class of error, and a way that comes there."""

    workflow: str
    state: str
    function: str
    """As it is deployed."""
    error: str
    route: Route
    shown: str
    """The state whose entering the execution's history shows: of an item of a distributed map, the map."""

    @property
    def name(self) -> str:
        """Under which it is kept."""
        return f"{self.workflow} / {self.state} / {self.error}"

    @property
    def rule(self) -> dict[str, Any]:
        """For the plug-in's plan; a machine in a hurry tells each function which state calls it."""
        rule = {"function": self.function, "error": self.error, "holding": json.dumps(self.state)}
        return rule | {"error": "Sandbox.Timedout", "seconds": OVERDUE} if self.error == TIMEOUT else rule

    @property
    def tenants(self) -> str:
        """What the names of its tenants begin with: for one of these a machine in a hurry gives this state next to no time."""
        return late(self.state) if self.error == TIMEOUT else "t-"


def tasks(definition: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str, str]]:
    """Every state that calls a function: its name, the function's, and the state that the execution's history shows: a distributed map's
    items have histories of their own.
    """
    for name, state in definition.get("States", {}).items():
        if state["Type"] == "Task" and (called := state.get("Arguments", {}).get("FunctionName")):
            yield name, called.split(":function:")[1].split(":")[0], within or name
        items = state.get("ItemProcessor", {})
        apart = items.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        for inner in (*state.get("Branches", []), items):
            yield from tasks(inner, name if apart else within)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What there is to try."""

    cells: Sequence[Cell]
    unreached: Sequence[str]
    """States that no route comes to, in a sentence each: nothing can be tried there."""


def plan(definitions: Mapping[str, Mapping[str, Any]], seen: Sequence[tuple[Route, frozenset[str]]]) -> Plan:
    """The cells of workflows by their machines. *seen*: the states that each route has come to.

    Of those that come to a state the one that says so is taken, or the first.
    """
    cells, unreached = [], []
    for workflow, definition in definitions.items():
        for state, function, shown in tasks(definition):
            ways = sorted(
                (route for route, states in seen if route.workflow == workflow and shown in states), key=lambda one: state not in one.tries
            )
            way = next(iter(ways), None)
            if way is None:
                unreached.append(f"no route of {workflow} came to {state!r}: add one to tests/faults/routes.py")
                continue
            errors = AGENT if "-agent-" in function else STEP
            cells += [Cell(workflow=workflow, state=state, function=function, error=one, route=way, shown=shown) for one in errors]
    return Plan(cells=cells, unreached=unreached)
