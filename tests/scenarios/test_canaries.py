"""Seeded secrets and personal data go through the API, the agents, models' errors and tools, and appear where operators look in no place.

They are in the journal, which is the run's content. Logs, execution histories, spans, metrics, costs, summaries and checkpoints are not.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.seed import orders
from septet.aws.items import item
from septet.aws.runs import DynamoRuns
from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalGiven,
    ModelFailed,
    ModelReply,
    Request,
    ToolIntent,
    ToolResult,
)
from septet.core.runs import Run
from septet.observability.places import Place
from tests.desk import Desk, plain, until
from tests.traces import collected, root, untold

CANARIES = {
    "card": "4929 3813 3266 4295",
    "iban": "GB33BUKB20201555555555",
    "email": "canary.of.septet@example.com",
    "aws-access-key": "AKIACANARYOFSEPTET23",
    "phone": "+41446681800",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LW9mLXNlcHRldA",
    "api-key": "sk-canary-0f-septet-0123456789abcdef",
}
ALL = " ".join(CANARIES.values())
WORD = "zaunkoenig"
"""A word like any other: no recogniser knows it, and it has no more business in a log than they have."""
FAILING = f"this run fails {WORD} {ALL}"
SUCCEEDING = f"this run succeeds {WORD} {ALL}"
ASKING = f"this run asks {WORD} {ALL}"
RESEARCHING = f"this run researches {WORD} {ALL}"


def said(call: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": call, "arguments": arguments}]}


SCENARIOS = [
    {
        "scenario": "canaries, failing",
        "when": {"contains": "this run fails"},
        "agents": {who: [{"faults": [{"fault": "access_denied", "message": ALL}]}] for who in ("triage", "generalist")},
    },
    {
        "scenario": "canaries, succeeding",
        "when": {"contains": "this run succeeds"},
        "agents": {
            "triage": [said("answer", skill="orders", confidence=95, why=f"{WORD} {ALL}"[:200])],
            "orders": [
                said("find_order", order_id=ALL),
                said("find_order", order_id="A-1001", **{WORD: ALL}),
                said("find_order", order_id="A-1001"),
                said("answer", found=True, order_id="A-1001", summary=f"{WORD} {ALL}"[:200]),
            ],
            "writer": [{"text": f"Hello! {WORD} {ALL}"}],
        },
    },
    {
        "scenario": "canaries, asking",
        "when": {"contains": "this run asks"},
        "agents": {
            "triage": [said("answer", skill="refunds", confidence=95, why=WORD)],
            "refunds": [
                said("find_order", order_id="A-1002"),
                said("find_order", **{WORD: ALL}) | {"faults": [{"fault": "unknown_tool"}]},
                said("issue_refund", order_id="A-1002", amount_cents=12900, reason=f"{WORD} {ALL}"),
                said("answer", decision="declined", order_id="A-1002", amount_cents=0, summary=f"{WORD} {ALL}"),
            ],
            "writer": [{"text": f"Hello! {WORD} {ALL}"}],
        },
    },
    {
        "scenario": "canaries, researching",
        "when": {"contains": "this run researches"},
        "agents": {
            "planner": [said("answer", questions=[f"{RESEARCHING}? Keys: {side}" for side in ("left", "right")])],
            "researcher": [said("search_library", query=f"{WORD} {ALL}"), {"faults": [{"fault": "access_denied", "message": ALL}]}],
            "research_writer": [said("answer", text=f"{WORD} {ALL}", sources=[], gaps=[f"{WORD} {ALL}"])],
        },
    },
]


@pytest.fixture(scope="module")
def played(twin: Any) -> Iterator[tuple[Desk, list[str]]]:
    """Runs that have ended: one with a failure, one well, one with a question to a person, and one with branches."""
    url = f"{twin.doubles}/scenarios/canaries"
    text = "\n---\n".join(json.dumps(one) for one in SCENARIOS)
    assert plain().put(url, content=text).is_success
    with Desk(twin=twin) as desk:
        tell_an_order(desk)
        runs = [desk.start(message) for message in (FAILING, SUCCEEDING, ASKING)]
        runs.append(desk.submit("research", {"message": RESEARCHING}))
        question = desk.asked(runs[2])
        assert desk.decide(question["id"], "approve", reason=f"{WORD} {ALL}").status_code == 200
        ends = [desk.ended(run, seconds=150) for run in runs]
        assert [end["status"] for end in ends[:3]] == ["succeeded"] * 3
        assert [end["degraded"] for end in ends[:3]] == [True, False, False]
        invoke_tool_that_breaks(desk)
        for run in runs:
            until(lambda run=run: checkpoint(desk, run, "*"), seconds=150, what=f"the end of {run} projected")  # type: ignore[misc]  # its own run
        yield desk, runs
    plain().delete(url)


def tell_an_order(desk: Desk) -> None:
    """A tool's record that has the canaries."""
    order = next(one for one in orders() if one["order_id"] == "A-1002")
    told = item({**order, "tenant": desk.tenant, "item": f"{WORD} {ALL}"})
    desk.twin.client("dynamodb").put_item(TableName=f"{desk.twin.prefix}-orders", Item=told)


def checkpoint(desk: Desk, run: str, path: str) -> Any:
    """How far a branch was projected, as it is stored; nothing before it was."""
    key = {"pk": {"S": f"{desk.tenant}#{run}#{path}"}}
    return desk.twin.client("dynamodb").get_item(TableName=f"{desk.twin.prefix}-projections", Key=key).get("Item")


def invoke_tool_that_breaks(desk: Desk) -> None:
    """Call a tool with what makes it raise an error of Python's that quotes its argument."""
    for payload in ({"arguments": {"order_id": {ALL: WORD}}, "context": {WORD: ALL}}, {"arguments": ALL, "context": {}}):
        answer = desk.twin.client("lambda").invoke(
            FunctionName=f"{desk.twin.prefix}-tool-find_order:live", Payload=json.dumps(payload).encode(), LogType="Tail"
        )
        assert "FunctionError" in answer
        assert hidden(answer["Payload"].read().decode()) == []
        assert hidden(base64.b64decode(answer.get("LogResult", "")).decode()) == []


def hidden(text: str) -> list[str]:
    """What of the canaries is in *text*, with and without the spaces of its groups."""
    plain = text.replace(" ", "")
    return [kind for kind, value in CANARIES.items() if value.replace(" ", "") in plain]


def logs(desk: Desk) -> Iterator[tuple[str, str]]:
    client = desk.twin.client("logs")
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in client.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                yield group["logGroupName"], "\n".join(event["message"] for event in events["events"])


def stored(desk: Desk, table: str) -> list[Any]:
    """The items of this tenant in a table that has them by tenant."""
    found = desk.twin.client("dynamodb").query(
        TableName=f"{desk.twin.prefix}-{table}",
        KeyConditionExpression="tenant = :tenant",
        ExpressionAttributeValues={":tenant": {"S": desk.tenant}},
        ConsistentRead=True,
    )
    assert "LastEvaluatedKey" not in found
    return list(found["Items"])


def record(desk: Desk, run: str) -> Run:
    """A run as it is stored."""
    found = DynamoRuns(desk.twin.client("dynamodb"), f"{desk.twin.prefix}-runs").get(desk.tenant, run)
    assert found
    return found


def nothing(text: str) -> bool:
    """Whether neither a canary nor the word is in *text*."""
    return hidden(text) == [] and WORD not in text


def test_the_canaries_were_there(played: tuple[Desk, list[str]]) -> None:
    desk, runs = played
    for run in runs:
        said = repr(desk.journal(run))
        assert len(hidden(said)) == len(CANARIES)
        assert not nothing(said)
    kinds = {type(entry.body) for run in runs for entry in desk.journal(run) if len(hidden(repr(entry.body))) == len(CANARIES)}
    assert kinds >= {Request, ModelReply, ModelFailed, ToolIntent, ToolResult, ApprovalAsked, ApprovalGiven, Answer}


@pytest.mark.own_twin("its collector is a double that shows what it has")
def test_no_span_holds_one(played: tuple[Desk, list[str]]) -> None:
    desk, runs = played
    for run in runs:
        spans = collected(desk.twin.doubles, Place(run=record(desk, run)).context.trace)
        assert root(spans, desk.tenant, run)
        assert untold(spans, "main", len(desk.journal(run)) - 1) == []
        assert nothing(json.dumps(spans))


def test_no_figure_no_summary_and_no_checkpoint_holds_one(played: tuple[Desk, list[str]]) -> None:
    desk, runs = played
    for table in ("costs", "summaries"):
        items = stored(desk, table)
        assert all(any(run in json.dumps(one) for one in items) for run in runs), table
        assert nothing(json.dumps(items, default=str))
    for run in runs:
        kept = [checkpoint(desk, run, path) for path in (*record(desk, run).branches, "*")]
        assert all(kept)
        assert nothing(json.dumps(kept))


def test_no_log_holds_one(played: tuple[Desk, list[str]]) -> None:
    desk, runs = played
    until(lambda: True if any(run in text for _, text in logs(desk) for run in runs) else None, what="a line about the runs")
    found = [(group, kinds, WORD in text) for group, text in logs(desk) if (kinds := hidden(text)) or WORD in text]
    assert found == []
    measured = [group for group, text in logs(desk) if '"_aws"' in text]
    assert any(group.endswith("/step/project") for group in measured), "the lines that metrics are made of are among them"


def test_no_history_of_an_execution_holds_one(played: tuple[Desk, list[str]]) -> None:
    desk, runs = played
    states = desk.twin.client("stepfunctions")
    for run in runs:
        arn = desk.item("runs", run=run)["execution"]
        history = json.dumps(
            [page["events"] for page in states.get_paginator("get_execution_history").paginate(executionArn=arn)], default=str
        )
        assert run in history
        assert hidden(history) == []
        assert WORD not in history
        described = json.dumps(states.describe_execution(executionArn=arn), default=str)
        assert hidden(described) == []
        assert WORD not in described


def test_no_count_of_a_metric_holds_one(played: tuple[Desk, list[str]]) -> None:
    desk, _ = played
    metrics = json.dumps(desk.twin.client("cloudwatch").list_metrics()["Metrics"], default=str)
    assert hidden(metrics) == []
    assert WORD not in metrics
