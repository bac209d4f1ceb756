"""What the double of a collector has of a run of each workflow: one whole trace, also when the projector dies and is told all twice."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from septet.core.traces import from_header, of_attempt
from tests.desk import Desk, until
from tests.faults.route import PATIENCE
from tests.journeys import JOURNEYS
from tests.traces import Spans, traces, wrong
from tests.travelling import CALLER, Travels, doubled, taken
from tests.undisturbed import standing, undisturbed

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.own_twin("processes are killed, and the tables' streams are told twice"),
]
RUNS = (*JOURNEYS, "row")
"""A row of the batch is a run too."""


@pytest.fixture(scope="module")
def quiet(twin: Any) -> Iterator[Travels]:
    with Desk(twin=twin) as desk:
        travels = Travels(desk=desk)
        travels.make()
        yield travels


@pytest.fixture(scope="module")
def disturbed(twin: Any, quiet: Travels) -> Iterator[Travels]:
    """The same once more, after the first: whatever disturbs these is not to disturb those."""
    for name in RUNS:
        told(quiet, name)
    began = int(time.time() * 1000)
    with Desk(twin=twin) as desk, doubled(twin):
        travels = Travels(desk=desk, halting=True)
        travels.make()
        written = sum(len(entries) for name in RUNS for entries in travels.branches(name).values())
        until(lambda: min((found := taken(twin, began))["first"], found["second"]) >= written or None, seconds=PATIENCE, what="all, twice")
        yield travels


def told(travels: Travels, name: str) -> Spans:
    """The trace of the run of this *name*."""
    context = from_header(travels.record(name).trace)
    assert context
    return travels.spans(name, context.trace)


def assert_whole(travels: Travels, name: str) -> None:
    """That all spans of the run are in one trace, and are what the journal says."""
    spans, run = told(travels, name), travels.record(name)
    assert run.status == "succeeded", run.message
    assert traces(travels.desk.twin.doubles, run.run) == [span["trace"] for span in list(spans.values())[:1]]
    assert wrong(spans, run, travels.branches(name)) == []
    assert {span["contents"] for span in spans.values()} == {1}, "a span that came again was the same"


@pytest.mark.parametrize("workflow", JOURNEYS)
def test_a_run_with_all_that_can_happen_in_it_is_one_whole_trace(quiet: Travels, workflow: str) -> None:
    """Each with a fallback and a killed function; with an approval and a hand-over where the workflow has them (``journeys``)."""
    assert_whole(quiet, workflow)
    assert quiet.met(workflow) >= JOURNEYS[workflow].meets
    assert quiet.kills(quiet.runs[workflow]) == 1
    context = from_header(quiet.record(workflow).trace)
    assert context
    assert (context.trace, context.span) == (quiet.asked[workflow], CALLER), "the trace that came in"


def test_a_row_of_a_batch_is_a_trace_of_its_own_that_links_to_the_batch(quiet: Travels) -> None:
    assert_whole(quiet, "row")
    assert quiet.met("row") == {"fallback"}
    batch = from_header(quiet.record("batch").trace)
    assert batch
    spans = told(quiet, "row")
    (top,) = [span for span in spans.values() if span["name"].startswith("invoke_workflow")]
    (link,) = top["links"]
    assert (link["trace"], link["attributes"]["septet.relation"]) == (batch.trace, "row")
    assert link["span"] == of_attempt(quiet.desk.tenant, quiet.runs["batch"], 0)
    assert top["trace"] != batch.trace


@pytest.mark.parametrize("name", RUNS)
def test_it_is_the_same_when_the_projector_dies_and_every_record_comes_twice(disturbed: Travels, name: str) -> None:
    assert_whole(disturbed, name)
    run, twin = disturbed.record(name), disturbed.desk.twin
    assert standing(twin, run.tenant, run.run, told(disturbed, name)) == undisturbed(twin, run.tenant, run.run)
    if name in JOURNEYS:
        assert disturbed.met(name) >= JOURNEYS[name].meets


def test_the_projector_has_died_in_the_middle(disturbed: Travels) -> None:
    """Each run's own process has, and the projector while it worked on the run; what it had sent by then came again."""
    assert {workflow: disturbed.kills(disturbed.runs[workflow]) for workflow in JOURNEYS} == dict.fromkeys(JOURNEYS, 2)
    assert max(span["deliveries"] for name in RUNS for span in told(disturbed, name).values()) > 1
