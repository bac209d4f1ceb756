"""Failures: each class of errors is of one kind, and alike ones are told together."""

from copy import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from septet.core.errors import CLASSES
from septet.core.runs import ENDED
from septet.core.summaries import Part, Summary
from septet.observability import failures
from septet.observability.failures import EXAMPLES, KINDS, grouped, kind

FAILED = Summary(
    tenant="acme", run="run-1", workflow="support", submitter="ann", status="failed", error="ToolFailed", kind="tool", created=0, ended=9
)


def test_every_error_class_has_one_kind() -> None:
    assert failures.unnamed() == frozenset(), "say in septet.observability.failures what kind of failure it is"
    named = [name for names in failures._NAMES.values() for name in names]
    assert len(named) == len(set(named)), "a class is of one kind"
    assert {name for name in named if not name.startswith("States.")} == set(CLASSES), "the taxonomy names what is no class"
    assert failures._NAMES.keys() == KINDS.keys()


@given(st.text() | st.sampled_from(sorted(CLASSES)), st.text() | st.sampled_from(sorted(ENDED.values())))
def test_whatever_a_run_ends_in_has_a_kind(error: str, status: str) -> None:
    assert kind(error, status) in KINDS
    if error in CLASSES:
        assert kind(error, status) == kind(error), "a class says more than a status"


@pytest.mark.parametrize(
    ("error", "status", "found"),
    [
        ("ModelThrottled", "failed", "model"),
        ("LoopDetected", "failed", "loop"),
        ("RunStopped", "stopped", "stopped"),
        ("", "stopped", "stopped"),
        ("", "timed_out", "time"),
        ("States.Timeout", "failed", "time"),
        ("States.DataLimitExceeded", "failed", "platform"),
        ("ValueError", "failed", "platform"),
        ("", "failed", "platform"),
    ],
)
def test_kinds(error: str, status: str, found: str) -> None:
    assert kind(error, status) == found


def test_alike_failures_are_one_group_with_its_latest_runs() -> None:
    many = [replace(FAILED, run=f"run-{number}", ended=number, parts={"main": Part(cost=2)}) for number in range(9)]
    many[3:5] = [replace(many[3], flagged=("cost",)), replace(many[4], flagged=("cost", "steps"))]
    (group,) = grouped(many)
    assert (group.count, group.cost, group.flagged, group.first, group.last) == (9, 18, 2, 0, 8)
    assert group.runs == ("run-8", "run-7", "run-6", "run-5", "run-4")


def test_what_tells_them_apart_and_their_order() -> None:
    agent = {"main": Part(agents=("triage", "refunds"), failing="refunds")}
    found = grouped(
        [
            FAILED,
            replace(FAILED, run="run-2", ended=7),
            replace(FAILED, run="run-3", parts=agent),
            replace(FAILED, run="run-4", workflow="batch"),
            replace(FAILED, run="run-5", error="", kind="stopped", status="stopped", ended=20),
        ]
    )
    assert [(one.kind, one.error, one.workflow, one.agent, one.count) for one in found] == [
        ("tool", "ToolFailed", "support", "", 2),
        ("stopped", "stopped", "support", "", 1),
        ("tool", "ToolFailed", "batch", "", 1),
        ("tool", "ToolFailed", "support", "refunds", 1),
    ]


def test_what_succeeded_or_goes_on_is_no_failure() -> None:
    assert grouped([replace(FAILED, status="succeeded", error="", kind=""), replace(FAILED, status="running", ended=None)]) == ()


@given(st.lists(st.tuples(st.sampled_from(sorted(CLASSES)), st.sampled_from(["support", "batch"]), st.integers(0, 50)), max_size=60))
def test_every_failure_is_counted_once(told: list[tuple[str, str, int]]) -> None:
    found = grouped(
        replace(FAILED, run=f"run-{number}", error=error, kind=kind(error), workflow=workflow, ended=ended)
        for number, (error, workflow, ended) in enumerate(told)
    )
    assert sum(group.count for group in found) == len(told)
    assert all(1 <= len(group.runs) == min(group.count, EXAMPLES) and group.first <= group.last for group in found)
    runs = [run for group in found for run in group.runs]
    assert len(runs) == len(set(runs))


def test_the_page_has_every_kind_with_what_it_says_and_its_classes() -> None:
    page = (Path(__file__).parents[3] / "docs" / "failures.md").read_text()
    rows = [f"| `{name}` | {means} | {' '.join(f'`{one}`' for one in failures._NAMES[name])} |" for name, means in KINDS.items()]
    assert "\n".join(rows) in page, "docs/failures.md, Kinds"
