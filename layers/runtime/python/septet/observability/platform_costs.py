"""What a run used of the platform itself, by the history of its execution, and what that costs by list prices: an estimate.

It counts what Step Functions shows: states entered, and the functions that it invoked, for as long as it waited for them. What those
call in their turn (the gateway, tools, tables, buckets, models' servers), logs and traces are not in it: ``python -m tests.bench
workflows`` measures those. Prices are in dollars, of us-east-1, for functions on arm64, before any free tier:
https://aws.amazon.com/pricing/.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from septet.core.costs import PLATFORM, Line, Spent
from septet.core.frozen import frozen
from septet.core.money import MICRO
from septet.core.runs import Run

PRICED_ON = "2026-11"
TRANSITION = 25e-6
GB_SECOND = 13.3334e-6
INVOCATION = 0.2e-6
REQUEST = 3.5e-6
"""Of a REST API: the one that submitted the run."""
USUAL = 512
"""MB of a function that is not there any more."""
_RETURNED = frozenset({"TaskSucceeded", "TaskFailed", "TaskTimedOut"})
_HANDED_OVER = frozenset({"TaskSubmitted"})
"""Where an execution waits for a token: the function had returned by then, and costs nothing while the execution waits."""


@frozen
class Happened:
    """An event of an execution's history."""

    number: int
    before: int
    """The number of the event that led to it."""
    kind: str
    """As Step Functions names its type."""
    at: int
    """Milliseconds since the epoch."""
    function: str = ""
    """Which is invoked, as ``agent-triage``; empty where none is."""
    waits: bool = False
    """Whether the execution waits for a token afterwards."""


class Histories(Protocol):
    """The histories of executions."""

    def of(self, execution: str) -> Sequence[Happened]:
        """What happened in the execution of this ARN, oldest first; nothing where nobody knows any more. Raises StoreUnavailable."""
        ...


@frozen
class Used:
    """What an execution used."""

    transitions: int = 0
    """States entered, and attempts after the first: each is billed."""
    invocations: Mapping[str, int] = field(default_factory=dict)
    """Of functions."""
    milliseconds: Mapping[str, int] = field(default_factory=dict)
    """For which the execution waited for each function."""


def used(history: Iterable[Happened]) -> Used:
    """What the execution with this *history* used."""
    kinds, invocations, milliseconds = Counter[str](), Counter[str](), Counter[str]()
    tasks: dict[int, tuple[Happened, int]] = {}
    for one in history:
        kinds[one.kind] += 1
        task, began = tasks.get(one.before, (one, one.at))
        if one.kind in ("TaskScheduled", "TaskStarted"):
            tasks[one.number] = (task, one.at)
            invocations[one.function] += bool(one.function)
        elif one.kind in (_HANDED_OVER if task.waits else _RETURNED) and task.function:
            milliseconds[task.function] += one.at - began
    again = kinds["TaskScheduled"] - kinds["TaskStateEntered"]
    entered = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered"))
    return Used(transitions=entered + max(0, again), invocations=+invocations, milliseconds=milliseconds)


def estimate(found: Used, memory: Mapping[str, int]) -> int:
    """Micro-dollars, rounded up, of what was used by functions of so much *memory* (MB), and of the request that began it."""
    gb_seconds = sum(spent * memory.get(name, USUAL) for name, spent in found.milliseconds.items()) / 1024 / 1000
    invoked = sum(found.invocations.values())
    dollars = found.transitions * TRANSITION + gb_seconds * GB_SECOND + invoked * INVOCATION + REQUEST
    return -int(-dollars * MICRO // 1)


@frozen
class Estimator:
    """Says what a run cost on the platform."""

    histories: Histories
    memory: Mapping[str, int]
    """MB by function, as declared."""

    def spent(self, run: Run, day: str) -> Spent | None:
        """What the present attempt of *run*, which ended on *day*, cost; None where it has no history. Raises StoreUnavailable."""
        history = self.histories.of(run.execution) if run.execution else ()
        if not history:
            return None
        line = Line(agent="", model="", cost=estimate(used(history), self.memory), estimated=True)
        path = f"{PLATFORM}.{run.attempt}" if run.attempt else PLATFORM
        return Spent(tenant=run.tenant, run=run.run, path=path, day=day, workflow=run.workflow, lines=(line,))
