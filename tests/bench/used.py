"""What one run uses on the platform, its children's runs included: counted on the twin while nothing else runs."""

import math
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from septet.aws.items import values
from septet.integration.ports import Principal
from septet.integration.run_ids import keyed
from tests.bench.prices import Used
from tests.conftest import TestTwin
from tests.desk import Desk, until
from tests.faults import failures
from tests.faults.boundaries import Boundary, Faults
from tests.faults.route import Route

_REPORT = re.compile(r"Billed Duration: (\d+) ms\s+Memory Size: (\d+) MB")
ROWS = 10
"""The most rows of a batch whose requests are noted."""
LINE = 26
"""Bytes that CloudWatch adds to each line of a log."""
SETTLING = 120
"""Seconds that functions may work on after a run has ended."""


def used(twin: TestTwin, route: Route) -> tuple[Used, tuple[int, int]]:
    """What one run of *route* uses, and how many model and tool calls it makes. Raises AssertionError when it does not end."""
    route.play(twin.doubles)
    failures.seen(twin, route)  # so that functions are warm
    time.sleep(1)  # what that run has set off is not to be counted
    with Desk(twin=twin) as desk:
        since = int(time.time() * 1000)
        run = failures.start(desk, route, route.fail)
        _note_rows(desk, route, run)
        found = route.accompany(desk, run)
        runs = [run, *_children(desk, run)]
        crossed = [boundary for one in runs for boundary in _crossed(twin, one)]
        logged = _logged(twin, {one.function for one in crossed}, since)  # before this asks the API, which would count
        counted = Used(
            transitions=sum(_transitions(twin.client("stepfunctions"), desk.run(one)["execution"]) for one in runs),
            calls=Counter((_short(one.function), one.boundary) for one in crossed),
            entry_units=_entry_units(desk, runs),
            **logged,
        )
    return counted, (found["model_calls"], found["tool_calls"])


def _note_rows(desk: Desk, route: Route, run: str) -> None:
    """Have the requests of the rows' runs noted as well: their ids are known, as the platform makes them."""
    submitter = Principal(tenant=desk.tenant, subject=route.subject, roles=frozenset({"submitter"}))
    for number in range(1, ROWS + 1):
        Faults(endpoint=desk.twin.endpoint).plan(keyed(submitter, f"row {run} 0 {number}", failures.secret(desk.twin)))


def _children(desk: Desk, run: str) -> list[str]:
    """The runs that *run* has started, and theirs."""
    found = desk.twin.client("dynamodb").query(
        TableName=f"{desk.twin.prefix}-runs",
        KeyConditionExpression="tenant = :tenant",
        ExpressionAttributeValues={":tenant": {"S": desk.tenant}},
        ConsistentRead=True,
    )
    own = [one["run"] for one in map(values, found["Items"]) if one.get("parent") == run]
    return [*own, *(below for one in own for below in _children(desk, one))]


def _crossed(twin: TestTwin, run: str) -> Sequence[Boundary]:
    """What *run* has crossed, once nobody works for it any more. Raises AssertionError when nothing was noted."""
    faults = Faults(endpoint=twin.endpoint)
    crossed = until(
        lambda: None if (seen := faults.crossed(run)).under_way(None) else seen, seconds=SETTLING, what=f"the last answer of {run}"
    )
    assert crossed.boundaries, f"the requests of {run} were not noted"
    return crossed.boundaries


def _short(function: str) -> str:
    return function.removeprefix("septet-twin-")


def _transitions(machines: Any, execution: str) -> int:
    """States entered, and attempts after the first: each is billed. Of a distributed map each item is an execution of its own."""
    kinds: Counter[str] = Counter()
    for page in machines.get_paginator("get_execution_history").paginate(executionArn=execution):
        kinds.update(event["type"] for event in page["events"])
    again = kinds["TaskScheduled"] - kinds["TaskStateEntered"]
    own = sum(count for kind, count in kinds.items() if kind.endswith("StateEntered")) + max(0, again)
    return own + sum(_transitions(machines, item) for item in _items(machines, execution, kinds))


def _items(machines: Any, execution: str, kinds: Mapping[str, int]) -> list[str]:
    if not kinds.get("MapRunStarted"):
        return []
    maps = machines.list_map_runs(executionArn=execution)["mapRuns"]
    pages = [page for one in maps for page in machines.get_paginator("list_executions").paginate(mapRunArn=one["mapRunArn"])]
    return [item["executionArn"] for page in pages for item in page["executions"]]


def _entry_units(desk: Desk, runs: Sequence[str]) -> float:
    """KB that an entry of the journal takes, each rounded up as it is billed, on average."""
    units = []
    for run in runs:
        for path in desk.run(run)["branches"]:
            found = desk.twin.client("dynamodb").query(
                TableName=f"{desk.twin.prefix}-journal",
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"{desk.tenant}#{run}#{path}"}},
            )
            sizes = [sum(len(name) + len(str(value)) for name, value in values(item).items()) for item in found["Items"]]
            units += [math.ceil(size / 1024) for size in sizes]
    return sum(units) / len(units)


def _logged(twin: TestTwin, functions: set[str], since: int) -> dict[str, Any]:
    """Seconds, GB, invocations and KB of logs by function, from what Lambda logs."""
    logs = twin.client("logs")
    seconds, memory, count, written = Counter[str](), dict[str, float](), Counter[str](), Counter[str]()
    for function in functions:
        short = _short(function)
        kind, _, name = short.partition("-")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/septet/twin/{kind}/{name}", startTime=since)
        lines = [event["message"] for page in pages for event in page["events"]]
        written[short] += sum(len(line.encode()) + LINE for line in lines)
        for told in filter(None, map(_REPORT.search, lines)):
            seconds[short] += int(told[1])
            memory[short] = int(told[2]) / 1024
            count[short] += 1
    return {
        "seconds": {name: spent / 1000 for name, spent in seconds.items()},
        "memory": memory,
        "invocations": count,
        "logged": {name: size / 1024 for name, size in written.items()},
    }
