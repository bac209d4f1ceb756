"""Seeded secrets and personal data go through the API, the agents, models' errors and tools, and appear where operators look in no place.

They are in the journal, which is the run's content. Logs and execution histories are not.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.desk import Desk, until

CANARIES = {
    "card": "4929 3813 3266 4295",
    "iban": "GB33BUKB20201555555555",
    "email": "canary.of.septet@example.com",
    "aws-access-key": "AKIACANARYOFSEPTET23",
    "phone": "+41446681800",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.Y2FuYXJ5LW9mLXNlcHRldA",
}
ALL = " ".join(CANARIES.values())
WORD = "zaunkoenig"
"""A word like any other: no recogniser knows it, and it has no more business in a log than they have."""
FAILING = f"this run fails {WORD} {ALL}"
SUCCEEDING = f"this run succeeds {WORD} {ALL}"


def said(call: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": call, "arguments": arguments}]}


SCENARIOS = [
    {
        "scenario": "canaries, failing",
        "when": {"contains": "this run fails"},
        "agents": {"triage": [{"faults": [{"fault": "access_denied", "message": ALL}]}]},
    },
    {
        "scenario": "canaries, succeeding",
        "when": {"contains": "this run succeeds"},
        "agents": {
            "triage": [said("answer", route="orders", why=f"{WORD} {ALL}"[:200])],
            "orders": [
                said("find_order", order_id=ALL),
                said("find_order", order_id="A-1001", **{WORD: ALL}),
                said("find_order", order_id="A-1001"),
                said("answer", found=True, order_id="A-1001", summary=f"{WORD} {ALL}"[:200]),
            ],
            "writer": [{"text": f"Hello! {WORD} {ALL}"}],
        },
    },
]


@pytest.fixture(scope="module")
def played(twin: Any) -> Iterator[tuple[Desk, list[str]]]:
    """Two runs that have ended, one of them in a failure."""
    url = f"{twin.doubles}/scenarios/canaries"
    text = "\n---\n".join(json.dumps(one) for one in SCENARIOS)
    assert httpx.put(url, content=text, trust_env=False).is_success
    with Desk(twin=twin) as desk:
        runs = [desk.start(message) for message in (FAILING, SUCCEEDING)]
        statuses = [desk.ended(run, seconds=120)["status"] for run in runs]
        assert statuses == ["failed", "succeeded"]
        invoke_tool_that_breaks(desk)
        yield desk, runs
    httpx.delete(url, trust_env=False)


def invoke_tool_that_breaks(desk: Desk) -> None:
    """Call a tool with what makes it raise an error of Python's that quotes its argument."""
    for payload in ({"arguments": {"order_id": {ALL: WORD}}, "context": {WORD: ALL}}, {"arguments": ALL, "context": {}}):
        answer = desk.twin.client("lambda").invoke(
            FunctionName="septet-twin-tool-find_order:live", Payload=json.dumps(payload).encode(), LogType="Tail"
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


def test_the_canaries_were_there(played: tuple[Desk, list[str]]) -> None:
    desk, runs = played
    assert all(len(hidden(repr(desk.journal(run)))) == len(CANARIES) for run in runs)


def test_no_log_holds_one(played: tuple[Desk, list[str]]) -> None:
    desk, runs = played
    until(lambda: True if any(run in text for _, text in logs(desk) for run in runs) else None, what="a line about the runs")
    found = [(group, kinds, WORD in text) for group, text in logs(desk) if (kinds := hidden(text)) or WORD in text]
    assert found == []


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
