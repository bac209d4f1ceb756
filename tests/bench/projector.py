"""How far behind the journal its projections are, beside a function behind a stream that does nothing."""

import io
import json
import math
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice

from septet.aws.items import Item
from septet.aws.progress import DynamoProgresses
from septet.aws.runs import DynamoRuns
from septet.core.entries import ModelReply, ToolResult
from septet.core.journal import Branch
from septet.core.runs import Run
from septet.observability.places import Place
from stacks.constructs.projector import BATCH
from tests.bench.sheet import Sheet
from tests.bench.workflows import deployed
from tests.conftest import TestTwin
from tests.desk import store, until
from tests.entries import kept, put
from tests.load import Work
from tests.traces import collected

ENTRIES, BRANCHES = 10_000, 50
"""In one go."""
RATE, SECONDS, WRITERS = 20, 60, 10
"""Entries a second, for how long, and how many runs write them in turn."""
GOAL = 5_000
"""Milliseconds that 99 of 100 entries are behind at most."""
PATIENCE = 500
"""Seconds."""
NOOP = """import json, time
def handler(event, context):
    came = [record["dynamodb"]["Keys"]["number"]["N"] for record in event["Records"]]
    print(json.dumps({"at": int(time.time() * 1000), "came": came}))
    return {"batchItemFailures": []}
"""
ROLE = "arn:aws:iam::000000000000:role/any"


def measure(say: Callable[[str], None]) -> Sheet:
    """Deploy to a twin of its own, and measure each figure twice: of a bare stream and of the projector."""
    sheet = Sheet(
        title="The projector on the twin",
        about=(
            "From when an entry was written to when its span came to the collector. The floor is a table with a stream of the same form "
            "before a function that does nothing: to when that has the record. Streams and functions are LocalStack's, an emulator on "
            "this machine, which asks a stream for records once a second: AWS asks four times as often, so the floor is not AWS's."
        ),
        head=("", "floor", "septet", "of the floor", "goal"),
    )
    with deployed(say) as twin, _bare(twin) as bare:
        shelf = Shelf(twin)
        say(f"{RATE} records a second to a function that does nothing")
        floor = _lags(bare)
        say(f"{RATE} entries a second to the projector")
        ours = shelf.lags()
        say(f"{ENTRIES:,} records at once to a function that does nothing")
        rate = _swept(bare)
        say(f"{ENTRIES:,} entries at once to the projector")
        swept = shelf.swept()
    for share, goal in ((50, ""), (99, f"{GOAL:,}")):
        least, found = _percentile(floor, share), _percentile(ours, share)
        met = f"{goal}, {'met' if found < GOAL else 'missed'}" if goal else ""
        told = f"milliseconds behind, {share} of 100, at {RATE} entries a second"
        sheet.rows.append((told, f"{least:,}", f"{found:,}", f"{found / least:.2f}", met))
    sheet.rows.append((f"entries a second, {ENTRIES:,} in one go", f"{rate:,.0f}", f"{swept:,.0f}", f"{swept / rate:.2f}", ""))
    return sheet


class Shelf:
    """Runs that stand in the tables without anybody having worked, and what the projector makes of them."""

    def __init__(self, twin: TestTwin) -> None:
        self._twin = twin
        self._tenant = f"t-{uuid.uuid4().hex[:12]}"
        self._dynamodb = twin.client("dynamodb")
        self._runs = DynamoRuns(self._dynamodb, f"{twin.prefix}-runs")
        self._progresses = DynamoProgresses(self._dynamodb, f"{twin.prefix}-projections")

    def lags(self) -> list[int]:
        """How many milliseconds each entry that ends a span was behind."""
        journal = store(self._twin)
        work = {run: Work(journal, self._begin(run), _now) for run in (f"steady-{number}" for number in range(WRITERS))}
        list(map(Work.step, work.values()))
        until(lambda: all(self._came(run) for run in work) or None, seconds=PATIENCE, what="the first entries")
        written = [(run, work[run].step()) for run in _paced(cycle(work))]
        ends = {(run, entry.number): entry.at for run, entry in written if isinstance(entry.body, ModelReply | ToolResult)}

        def arrived() -> dict[tuple[str, int], int] | None:
            found = {(run, number): came for run in work for number, came in self._spans(run).items()}
            return found if found.keys() >= ends.keys() else None

        came = until(arrived, seconds=PATIENCE, what="the spans")
        return [came[key] - at for key, at in ends.items()]

    def swept(self) -> float:
        """Entries a second, from the first that is written to the last whose checkpoint is."""
        size, runs = ENTRIES // BRANCHES, [f"swept-{number}" for number in range(BRANCHES)]
        items = [_items(self._begin(run), size) for run in runs]
        began = time.monotonic()
        put(self._dynamodb, f"{self._twin.prefix}-journal", items)
        until(lambda: all(self._came(run) == size for run in runs) or None, seconds=PATIENCE, what="the checkpoints")
        return ENTRIES / (time.monotonic() - began)

    def _begin(self, run: str) -> Branch:
        self._runs.create(Run(tenant=self._tenant, run=run, workflow="support", submitter="ann", digest="d", created_at=_now()))
        return Branch(tenant=self._tenant, run=run)

    def _came(self, run: str) -> int:
        """How many entries of *run* were projected."""
        return self._progresses.get(Branch(tenant=self._tenant, run=run)).next

    def _spans(self, run: str) -> Mapping[int, int]:
        """By the entry that ended it, when each span of a call came to the collector."""
        record = self._runs.get(self._tenant, run)
        assert record
        spans = collected(self._twin.doubles, Place(run=record).context.trace).values()
        return {one["attributes"]["septet.entry.last"]: one["came"] for one in spans if one["name"].startswith(("chat", "execute_tool"))}


class Bare:
    """A table with a stream, and a function behind it that does nothing but say what came when."""

    def __init__(self, twin: TestTwin, name: str) -> None:
        self.name = name
        self.dynamodb = twin.client("dynamodb")
        self._logs = twin.client("logs")

    def came(self) -> dict[int, int]:
        """By its number, when each record came."""
        found: dict[int, int] = {}
        with suppress(self._logs.exceptions.ResourceNotFoundException):  # it has not been called yet
            for page in self._logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.name}"):
                told = [json.loads(event["message"]) for event in page["events"] if event["message"].startswith('{"at"')]
                found |= {int(number): one["at"] for one in told for number in one["came"]}
        return found

    def all(self, numbers: Sequence[int]) -> dict[int, int]:
        """The same, once all *numbers* came."""
        return until(lambda: found if (found := self.came()).keys() >= set(numbers) else None, seconds=PATIENCE, what="the records")


def _lags(bare: Bare) -> list[int]:
    bare.dynamodb.put_item(TableName=bare.name, Item={"pk": {"S": "first"}, "number": {"N": "0"}})
    bare.all([0])
    written = {}
    for number in _paced(iter(range(1, RATE * SECONDS + 1))):
        written[number] = _now()
        bare.dynamodb.put_item(TableName=bare.name, Item={"pk": {"S": f"run-{number % WRITERS}"}, "number": {"N": str(number)}})
    came = bare.all(list(written))
    return [came[number] - at for number, at in written.items()]


def _swept(bare: Bare) -> float:
    size = ENTRIES // BRANCHES
    numbers = range(1_000_000, 1_000_000 + ENTRIES)
    branches = [_items(Branch(tenant="bench", run=f"swept-{number}"), size) for number in range(BRANCHES)]
    for place, one in zip(numbers, (one for items in branches for one in items), strict=True):
        one["number"] = {"N": str(place)}
    began = _now()
    put(bare.dynamodb, bare.name, branches)
    return 1000 * ENTRIES / (max(bare.all(numbers).values()) - began)


def _items(branch: Branch, size: int) -> list[Item]:
    """The items of a branch of so many entries."""
    journal, items = kept()
    Work(journal, branch, _now).write(size)
    return items


def _paced[T](of: Iterator[T]) -> Iterator[T]:
    """*of*, so many a second for so many seconds."""
    began = time.monotonic()
    for place, one in enumerate(islice(of, RATE * SECONDS)):
        time.sleep(max(0.0, began + place / RATE - time.monotonic()))
        yield one


def _percentile(values: Sequence[int], share: int) -> int:
    """By the nearest rank."""
    return sorted(values)[math.ceil(len(values) * share / 100) - 1]


def _now() -> int:
    return int(time.time() * 1000)


@contextmanager
def _bare(twin: TestTwin) -> Iterator[Bare]:
    dynamodb, functions = twin.client("dynamodb"), twin.client("lambda")
    name = f"bench-stream-{uuid.uuid4().hex[:8]}"
    keys = {"pk": "S", "number": "N"}
    stream = dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=True)],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )["TableDescription"]["LatestStreamArn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("noop.py", NOOP)
    functions.create_function(
        FunctionName=name, Runtime="python3.13", Handler="noop.handler", Role=ROLE, Code={"ZipFile": archive.getvalue()}, Timeout=60
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    mapping = functions.create_event_source_mapping(
        FunctionName=name,
        EventSourceArn=stream,
        StartingPosition="TRIM_HORIZON",
        BatchSize=BATCH,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )["UUID"]
    try:
        yield Bare(twin, name)
    finally:
        functions.delete_event_source_mapping(UUID=mapping)
        functions.delete_function(FunctionName=name)
        dynamodb.delete_table(TableName=name)
