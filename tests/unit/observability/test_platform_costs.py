"""What a run used of the platform, from the history of its execution, and what that costs by list prices."""

from copy import replace

import pytest

from septet.core.costs import PLATFORM
from septet.core.runs import Run
from septet.local.costs import MemoryCosts
from septet.observability.costing import Books
from septet.observability.platform_costs import GB_SECOND, INVOCATION, REQUEST, TRANSITION, Estimator, Happened, Used, estimate, used

RUN = Run(tenant="acme", run="run-1", workflow="support", submitter="s", digest="d", created_at=0, execution="arn:1", ended_at=86_400_000)
HOUR = 3_600_000


def told(*kinds: tuple[str, int] | tuple[str, int, str]) -> list[Happened]:
    """Events one after another, each led to by the one before; a function whose name ends in ``!`` is waited for with a token."""
    found = []
    for number, (kind, at, *more) in enumerate(kinds, start=1):
        function = str(more[0]) if more else ""
        waits = function.endswith("!")
        found.append(Happened(number=number, before=number - 1, kind=kind, at=at, function=function.rstrip("!"), waits=waits))
    return found


TURN = told(
    ("ExecutionStarted", 0),
    ("TaskStateEntered", 1),
    ("TaskScheduled", 1, "agent-triage"),
    ("TaskStarted", 2),
    ("TaskSucceeded", 1_002),
    ("TaskStateExited", 1_002),
    ("SucceedStateEntered", 1_003),
)


def test_states_are_counted_and_functions_timed() -> None:
    assert used(TURN) == Used(transitions=2, invocations={"agent-triage": 1}, milliseconds={"agent-triage": 1_000})


def test_a_further_attempt_is_a_transition_and_an_invocation_more() -> None:
    history = told(
        ("TaskStateEntered", 0),
        ("TaskScheduled", 0, "agent-a"),
        ("TaskStarted", 0),
        ("TaskFailed", 40),
        ("TaskScheduled", 1_040, "agent-a"),
        ("TaskStarted", 1_040),
        ("TaskTimedOut", 1_100),
    )
    assert used(history) == Used(transitions=2, invocations={"agent-a": 2}, milliseconds={"agent-a": 100})


def test_an_execution_that_waits_for_a_person_pays_no_function_for_it() -> None:
    history = told(
        ("TaskStateEntered", 0),
        ("TaskScheduled", 0, "step-ask_person!"),
        ("TaskStarted", 5),
        ("TaskSubmitted", 25),
        ("TaskSucceeded", 72 * HOUR),
    )
    assert used(history).milliseconds == {"step-ask_person": 20}
    assert not used([one for one in history if one.kind != "TaskSubmitted"]).milliseconds


def test_what_is_no_function_takes_no_time() -> None:
    assert used(told(("TaskStateEntered", 0), ("TaskScheduled", 0), ("TaskStarted", 0), ("TaskSucceeded", 900))) == Used(transitions=1)


def test_prices_are_those_that_are_written_down() -> None:
    found = Used(transitions=8, invocations={"agent-a": 3}, milliseconds={"agent-a": 10_000})
    dollars = 8 * TRANSITION + 10 * GB_SECOND + 3 * INVOCATION + REQUEST
    assert estimate(found, {"agent-a": 1024}) == pytest.approx(dollars * 1e6, abs=1)
    assert estimate(found, {"agent-a": 2048}) > estimate(found, {"agent-a": 1024})
    assert estimate(Used(), {}) == 4, "rounded up"


class Read:
    """A double of the histories."""

    def __init__(self, found: list[Happened]) -> None:
        self.found = found

    def of(self, execution: str) -> list[Happened]:
        assert execution == "arn:1"
        return self.found


def closed(run: Run, found: list[Happened]) -> MemoryCosts:
    costs = MemoryCosts()
    for _ in range(2):
        Books(costs=costs, platform=Estimator(histories=Read(found), memory={"agent-triage": 1024})).close(run, {})
    return costs


def test_at_its_end_a_run_has_a_line_for_the_platform_that_says_it_is_estimated() -> None:
    ((one,), _) = closed(RUN, TURN).page("acme", since="1970-01-01", until="1970-01-09", limit=9)
    assert (one.path, one.day, one.workflow, one.cost) == (PLATFORM, "1970-01-02", "support", 0)
    (line,) = one.lines
    assert (line.agent, line.model, line.cost, line.estimated) == ("", "", 68, True)


def test_each_attempt_has_its_own() -> None:
    ((one,), _) = closed(replace(RUN, attempt=2), TURN).page("acme", since="1970-01-01", until="1970-01-09", limit=9)
    assert one.path == f"{PLATFORM}.2"


@pytest.mark.parametrize("run", [RUN, replace(RUN, execution="")])
def test_what_cannot_be_read_is_not_estimated_and_holds_nothing_up(run: Run) -> None:
    assert not closed(run, []).page("acme", since="1970-01-01", until="1970-01-09", limit=9)[0]
