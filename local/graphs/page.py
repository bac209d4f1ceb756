"""docs/workflows.md: what each workflow does, its graph, the most that it can use, and what each failure does."""

import json
from collections.abc import Iterator, Mapping

from local.graphs.failures import ANY, treatments
from stacks.catalog.declarations import Json
from stacks.catalog.figures import Worst
from stacks.catalog.generated import STARTS_RUNS

HEAD = """# The workflows

Written by `python -m local.graphs` from `state_machines/`; a test fails when it is not current. In the graphs agents are blue, waits for
somebody are yellow, good ends green and bad ones red; a dashed red arrow is a failure that goes on somewhere.

What a run can use at most is worked out at synth, from the limits of its agents, its retries and its rings, with everything going wrong
that can; `policies/workflows.toml` holds what it may, and the synth fails above that. A run's own budget usually ends it before. Runs that
it starts have budgets of their own and are not counted: `batch` spends nothing itself, its rows do. A run that is restarted counts anew.
Seconds are the machine's own limit wherever people are waited for. A failure that a table does not name ends the run under its own name,
with the sentence in the run's record. *Lambda's service errors* are
{service}; *a crash or a time-out* is {crash}.
"""

ON_TOP = "On top of that come its rows: each is a run with a budget of its own, so at most the number of rows times the budget of a row."
"""Of a workflow that starts runs."""

SERVICE = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
)
CRASH = ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout")
_GROUPS = ((SERVICE, "Lambda's service errors"), (CRASH, "a crash or a time-out"), (CRASH[:3], "a crash"))


def page(found: Mapping[str, tuple[Json, str, Worst]]) -> str:
    """The page of *found*: by workflow, its machine, what it is for, and the most that a run can use."""
    parts = [line for name, told in found.items() for line in _workflow(name, *told)]
    return "\n".join([HEAD.format(service=_list(SERVICE), crash=_list(CRASH)), *parts])


def _list(errors: tuple[str, ...]) -> str:
    return ", ".join(f"`{error}`" for error in errors)


def _workflow(name: str, machine: Json, purpose: str, worst: Worst) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{purpose}\n"
    yield f"![The state machine {name}](workflows/{name}.svg)\n"
    money = f"${worst.money / 1_000_000:,.2f}"
    most = f"{money} for models, {worst.model_calls:,} model calls, {worst.seconds:,} seconds, {worst.transitions:,} state transitions"
    yield f"A run can use at most {most}.\n"
    if STARTS_RUNS in json.dumps(machine):
        yield f"{ON_TOP}\n"
    yield "| failure | in | tried again | then |"
    yield "| --- | --- | --- | --- |"
    groups: dict[tuple[tuple[str, ...], int, str], list[str]] = {}
    for treatment in treatments(machine):
        groups.setdefault((treatment.errors, treatment.tries, treatment.then), []).append(treatment.state)
    yield from (_row(errors, states, tries, then) for (errors, tries, then), states in groups.items())
    yield ""


def _row(errors: tuple[str, ...], states: list[str], tries: int, then: str) -> str:
    tried = f"{tries} times" if tries > 1 else ("once" if tries else "no")
    return f"| {_named(errors)} | {'; '.join(states)} | {tried} | {then or 'the run fails under that name'} |"


def _named(errors: tuple[str, ...]) -> str:
    """*errors*, those of AWS by what they have in common."""
    left, said = [error for error in errors if error != ANY], []
    for group, words in _GROUPS:
        if set(group) <= set(left):
            left = [error for error in left if error not in group]
            said.append(words)
    return ", ".join([*(f"`{error}`" for error in left), *said, *(["anything else"] if ANY in errors else [])])
