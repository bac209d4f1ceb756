"""Workflows on the twin: runs per second beside the same machine with functions that do nothing, and what a run costs on the platform."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

from local.twin.twin import Twin
from septet.observability.platform_costs import PRICED_ON
from tests.bench.prices import Used, components, grown, unpriced
from tests.bench.sheet import Sheet
from tests.bench.throughput import QUESTION, throughput
from tests.bench.twin import PORTS, ROOT
from tests.bench.used import used
from tests.conftest import TestTwin
from tests.faults.failing import WORKFLOWS
from tests.faults.hurry import hurried
from tests.faults.route import Route
from tests.faults.routes import ROUTES

RUNS, FEW = 40, 12
MODEL_CALLS, TOOL_CALLS, MODEL_SECONDS, TOOL_SECONDS = 18, 15, 2.0, 0.1
"""The task that peers are compared by: three agents, five steps and an answer each."""
GOAL = 0.60
"""Dollars for 1000 such tasks."""
PEERS = (
    ("a state for each model call and each tool call (122 transitions)", "3.51"),
    ("one 512 MB function a turn, journal in DynamoDB, nothing checked", "0.49"),
    ("the same with 256 MB", "0.37"),
    ("direct model integration, nothing that is billed by time waits", "0.29"),
    ("AgentCore, its session stopped at once", "0.11"),
    ("AgentCore, with its default idle timeout", "0.82"),
    ("LangSmith, its fee for a run alone", "5.01"),
)
"""Dollars for 1000 such tasks by the same model, worked out from list prices, not measured."""
TASK = "three agents, 18 model calls of 2 s, 15 tool calls of 0.1 s: $ for 1000 tasks"


def measure(say: Callable[[str], None], *, quick: bool = False) -> Iterator[Sheet]:
    """Deploy to a twin of its own, and measure: the same sheet, each time that more is on it. A way that fails is said to be missing."""
    routes = _routes(ROUTES, quick=quick)
    sheet = Sheet(
        title="Workflows on the twin",
        about=(
            "The twin runs LocalStack, an emulator that one core saturates: of the rates only the ratio says something. State "
            "transitions, requests, billed time and logs are those of one run that meets warm functions, its rows' runs included. Money "
            f"is list prices of us-east-1 of {PRICED_ON} before any free tier, functions on arm64 taking the time that they take here; "
            "models' own prices are not in it, and models are scripts that answer at once. Where days are waited for an answer, it is "
            "20 seconds here. Schedules cost the same without runs, and are not in it."
        ),
        head=("", "figure", "beside"),
        missing=["throughput", *map(_named, routes), *_without(routes)],
    )
    yield sheet
    with deployed(say) as twin:
        for route in routes:
            say(f"what {_named(route)} uses")
            with _may_fail(sheet, _named(route), say):
                _costs(twin, route, sheet)
            yield sheet
        with _may_fail(sheet, "throughput", say):
            sheet.rows[:0] = throughput(twin, say, FEW if quick else RUNS)
        yield sheet


def _routes(routes: Sequence[Route], *, quick: bool) -> list[Route]:
    """All of them, the task's first; in short, one for each workflow."""
    first = {route.workflow: route for route in reversed(routes)}
    chosen = [first[name] for name in WORKFLOWS if name in first] if quick else routes
    return [QUESTION, *(route for route in chosen if route is not QUESTION)]


def _without(routes: Sequence[Route]) -> list[str]:
    reached = {route.workflow for route in routes}
    return [f"{name}, to which no route leads: add one to tests/faults/routes.py" for name in WORKFLOWS if name not in reached]


def _named(route: Route) -> str:
    return f"{route.workflow}: {route.name}"


@contextmanager
def _may_fail(sheet: Sheet, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """What fails stays missing, with the reason; the rest is measured all the same."""
    place = sheet.missing.index(what)
    try:
        yield
    except Exception as error:  # noqa: BLE001 -- whatever it is, the other figures are worth having
        told = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        sheet.missing[place] = f"{what} ({told})"
        say(f"{what} failed: {told}")
    else:
        del sheet.missing[place]


def _costs(twin: TestTwin, route: Route, sheet: Sheet) -> None:
    with hurried(twin, route.workflow) if route.expires else nullcontext():
        one, calls = used(twin, route)
    parts = components(one)
    told = f"${sum(parts.values()) * 1000:.3f} for 1000 runs: {_listed(parts)}"
    if left := unpriced(one):
        told += f"; without a price here: {', '.join(left)}"
    sheet.rows.append((f"{_named(route)}: state transitions", str(one.transitions), told))
    if route is QUESTION:
        _peers(sheet, one, calls)


def _listed(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {dollars * 1000:.3f}" for name, dollars in parts.items())


def _peers(sheet: Sheet, one: Used, calls: tuple[int, int]) -> None:
    """The task of the peers: what the question used, with as many calls as that task has, and models that take their time."""
    task = grown(
        one,
        model_calls=(calls[0], MODEL_CALLS),
        tool_calls=(calls[1], TOOL_CALLS),
        model_seconds=MODEL_SECONDS,
        tool_seconds=TOOL_SECONDS,
    )
    parts = components(task)
    dollars = sum(parts.values()) * 1000
    met = "met" if dollars < GOAL else "missed"
    sheet.rows.append((TASK, f"{dollars:.2f}", f"goal under {GOAL:.2f}: **{met}**; {_listed(parts)}"))
    sheet.notes += [
        f"The task is worked out from the question above, which is three agents after each other, {calls[0]} model calls and "
        f"{calls[1]} tool call: what agents use grows with the model calls, what gateway and tools use with the tool calls, and each "
        "waits as long as its calls take. The same task with other designs, worked out from list prices and not measured, none of which "
        "has a gateway or a ledger: " + "; ".join(f"{what} ${price}" for what, price in PEERS) + "."
    ]


@contextmanager
def deployed(say: Callable[[str], None]) -> Iterator[TestTwin]:
    """A twin of its own with the platform on it, stopped at the end."""
    place = Twin(ROOT / ".bench" / "twin", *PORTS, say=say)
    place.down()
    place.up()
    try:
        api = place.deploy().api
        yield TestTwin(twin=place, endpoint=place.endpoint, doubles=place.doubles, home=place.layout.home, api=api)
    finally:
        place.down()
