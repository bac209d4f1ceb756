"""A replay on the twin: what was lost is there again, the collector has every span once more, and no metric is told."""

from collections.abc import Iterator
from typing import Any

import pytest

from septet.aws.items import item, values
from septet.aws.progress import DynamoProgresses
from septet.core.journal import MAIN, Branch
from septet.core.traces import from_header
from septet.observability.progress import ENDS, Progress
from tests.desk import Desk, until
from tests.traces import Spans, collected
from tests.undisturbed import Projected, record, standing

pytestmark = pytest.mark.timeout(300)
PATIENCE = 120
"""Seconds."""


@pytest.fixture
def desk(twin: Any) -> Iterator[Desk]:
    with Desk(twin=twin) as desk:
        yield desk


def checkpoints(desk: Desk, run: str) -> list[Progress]:
    """The live projector's."""
    found = DynamoProgresses(desk.twin.client("dynamodb"), f"{desk.twin.prefix}-projections")
    return [found.get(Branch(tenant=desk.tenant, run=run, path=path)) for path in (MAIN, ENDS)]


def spans(desk: Desk, run: str) -> Spans:
    context = from_header(record(desk.twin, desk.tenant, run).trace)
    assert context
    return collected(desk.twin.doubles, context.trace)


def stands(desk: Desk, run: str) -> Projected:
    return standing(desk.twin, desk.tenant, run, spans(desk, run))


def lose(desk: Desk, run: str) -> None:
    """Take away what was projected of the run."""
    dynamodb = desk.twin.client("dynamodb")
    dynamodb.delete_item(TableName=f"{desk.twin.prefix}-summaries", Key=item({"tenant": desk.tenant, "run": run}))
    costs = f"{desk.twin.prefix}-costs"
    asked = {"KeyConditionExpression": "tenant = :tenant", "ExpressionAttributeValues": item({":tenant": desk.tenant})}
    for one in dynamodb.query(TableName=costs, **asked)["Items"]:
        if f"#{run}#" in values(one)["place"]:
            dynamodb.delete_item(TableName=costs, Key={name: one[name] for name in ("tenant", "place")})


def measured(desk: Desk) -> list[str]:
    """Lines of metrics that whoever replays has written: a metric is a line of a log, which CloudWatch reads."""
    pages = desk.twin.client("logs").get_paginator("filter_log_events").paginate(logGroupName="/septet/twin/step/replay")
    lines = [event["message"] for page in pages for event in page["events"]]
    assert any("replayed" in line for line in lines), "it logs what it does"
    return [line for line in lines if "CloudWatchMetrics" in line]


def projected(desk: Desk, run: str, number: int) -> None:
    """Wait until something of the run's journal, 0, or its end, 1, was projected."""
    until(lambda: checkpoints(desk, run)[number].next or None, seconds=PATIENCE, what=f"the projection of {run}")


def replayed(desk: Desk, **wanted: str) -> dict[str, Any]:
    """A replay once it is over."""
    operator = desk.token("olga", "operator")
    answer = desk.http.post("/v1/replays", json=wanted, headers=operator | {"Idempotency-Key": f"{desk.tenant}-{sorted(wanted)}"})
    assert answer.status_code == 202, answer.text

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = desk.http.get(f"/v1/replays/{answer.json()['id']}", headers=operator).json()
        return None if found["status"] == "running" else found

    return until(over, seconds=PATIENCE, what="the end of the replay")


def test_what_was_lost_is_there_again_and_the_live_projector_is_where_it_was(desk: Desk) -> None:
    refund = desk.start("I want my money back for order A-1002.")
    assert desk.decide(desk.asked(refund)["id"], "approve").status_code == 200
    runs = [refund, desk.start("Where is my order A-1001?"), desk.start("What are your opening hours?")]
    for run in runs:
        desk.ended(run)
        projected(desk, run, 1)
    before, at = [stands(desk, run) for run in runs], [checkpoints(desk, run) for run in runs]
    came = {name: span["deliveries"] for name, span in spans(desk, refund).items()}
    for run in runs:
        lose(desk, run)
    assert [stands(desk, run).summary for run in runs] == [None] * 3

    done = replayed(desk, since="2026-01-01")
    assert (done["status"], done["done"], done["failed"], done["failures"]) == ("finished", 3, 0, [])
    assert [stands(desk, run) for run in runs] == before
    assert [checkpoints(desk, run) for run in runs] == at
    found = spans(desk, refund)
    assert all(span["deliveries"] > came[name] and span["contents"] == 1 for name, span in found.items())
    assert measured(desk) == []

    again = replayed(desk, run=refund)
    assert (again["status"], again["done"]) == ("finished", 1)
    assert [stands(desk, run) for run in runs] == before


def test_a_run_that_waits_for_somebody_is_replayed_as_far_as_it_is_and_goes_on(desk: Desk) -> None:
    refund = desk.start("I want my money back for order A-1002.")
    question = desk.asked(refund)["id"]
    projected(desk, refund, 0)
    lose(desk, refund)
    assert replayed(desk, run=refund)["done"] == 1
    found = stands(desk, refund).summary
    assert found
    assert (found.status, found.ended, found.approvals) == ("running", None, 1)
    assert desk.decide(question, "approve").status_code == 200
    desk.ended(refund)
    projected(desk, refund, 1)
    ended = stands(desk, refund).summary
    assert ended
    assert (ended.status, ended.tool_calls > found.tool_calls) == ("succeeded", True)
