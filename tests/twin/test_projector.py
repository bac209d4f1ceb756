"""The projector behind the streams of the twin's tables: much at once loses nothing, and what cannot be projected holds nobody up."""

import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from septet.aws.costs import DynamoCosts
from septet.aws.items import Item, attribute, item
from septet.aws.progress import DynamoProgresses
from septet.aws.runs import DynamoRuns
from septet.aws.summaries import DynamoSummaries
from septet.aws.usuals import DynamoUsuals
from septet.core.entries import Entry
from septet.core.journal import MAIN, Branch
from septet.core.runs import Run
from septet.core.summaries import Summary
from septet.observability.anomalies import LEAST, Taken, Usual
from septet.observability.places import Place
from septet.observability.progress import ENDS
from tests.desk import until
from tests.entries import kept, put, take_away
from tests.load import Tally, Work, tally
from tests.traces import collected, faults, untold

pytestmark = pytest.mark.timeout(1200)
LONG, MANY, SHORT = 5_000, 100, 50
"""Entries of one branch, and so many others with so many each: ten thousand."""
PATIENCE = 900
"""Seconds: LocalStack asks a stream for records once a second."""


@dataclass(kw_only=True)
class Shelf:
    """A tenant of its own, whose runs stand in the tables without anybody having worked."""

    twin: Any
    tenant: str = field(default_factory=lambda: f"t-{uuid.uuid4().hex[:12]}")
    written: dict[str, list[Entry]] = field(default_factory=dict)
    stored: list[list[Item]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dynamodb = self.twin.client("dynamodb")
        self.runs = DynamoRuns(self.dynamodb, self.table("runs"))
        self.progresses = DynamoProgresses(self.dynamodb, self.table("projections"))

    @property
    def workflow(self) -> str:
        """Named as its tenant, so that its metrics are its own."""
        return self.tenant

    def table(self, name: str) -> str:
        return f"{self.twin.prefix}-{name}"

    def begin(self, run: str, entries: int) -> list[Item]:
        """The record of a run that goes on, and the items of its entries, which are still to be put."""
        began = int(time.time() * 1000)
        ticks = count(began)
        self.runs.create(Run(tenant=self.tenant, run=run, workflow=self.workflow, submitter="ann", digest="d", created_at=began))
        journal, items = kept()
        self.written[run] = Work(journal, self.branch(run), lambda: next(ticks)).write(entries)
        return items

    def put(self, *branches: list[Item]) -> None:
        """Write the items of branches into the journal's table."""
        self.stored += branches
        put(self.dynamodb, self.table("journal"), branches)

    def end(self, run: str) -> None:
        self.runs.close(self.tenant, run, status="succeeded", ended_at=self.written[run][-1].at + 1)

    def branch(self, run: str, path: str = MAIN) -> Branch:
        return Branch(tenant=self.tenant, run=run, path=path)

    def ended(self, run: str) -> None:
        """Wait until the run's end was projected."""
        until(lambda: self.progresses.get(self.branch(run, ENDS)).next or None, seconds=PATIENCE, what=f"the end of {run}")

    def spans(self, run: str) -> dict[str, Any]:
        record = self.runs.get(self.tenant, run)
        assert record
        return dict(collected(self.twin.doubles, Place(run=record).context.trace))

    def spent(self) -> Counter[str]:
        """What each run has cost, in micro-dollars."""
        costs, after, found = DynamoCosts(self.dynamodb, self.table("costs")), "", Counter[str]()
        while True:
            page, after = costs.page(self.tenant, since="1970-01-01", until="2100-01-01", after=after, limit=500)
            for one in page:
                found[one.run] += one.cost
            if not after:
                return found

    def letters(self) -> dict[str, str]:
        """What of this tenant's was put aside, and why."""
        sqs = self.twin.client("sqs")
        url = sqs.get_queue_url(QueueName=self.table("projection-dead"))["QueueUrl"]
        found: dict[str, str] = {}
        while page := sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], MaxNumberOfMessages=10).get("Messages"):
            for one in page:
                if self.tenant in one["Body"]:
                    found[one["Body"]] = one["MessageAttributes"]["reason"]["StringValue"]
        return found

    def told(self, metric: str, **told_apart: str) -> float:
        """The sum of a metric of this workflow's, *told_apart* by other dimensions as well."""
        found = self.twin.client("cloudwatch").get_metric_statistics(
            Namespace="Septet/twin",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in {"workflow": self.workflow, **told_apart}.items()],
            StartTime=time.time() - 7_200,
            EndTime=time.time() + 600,
            Period=60,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))

    def usually(self, *, cost: int, steps: int) -> None:
        """As if so many runs had succeeded that something is usual, and each had taken so much."""
        taken = [Taken(run=f"before-{number}", ended=number, cost=cost, steps=steps) for number in range(LEAST)]
        usual = Usual(taken={one.run: one for one in taken})
        DynamoUsuals(self.dynamodb, self.table("summaries")).put(self.tenant, self.workflow, usual)

    def summary(self, run: str) -> Summary | None:
        return DynamoSummaries(self.dynamodb, self.table("summaries")).get(self.tenant, run)

    def clear(self) -> None:
        """Take all of it away: nobody else is to seal these runs, or to wait for their entries."""
        for run in self.written:
            self.dynamodb.delete_item(TableName=self.table("runs"), Key=item({"tenant": self.tenant, "run": run}))
        take_away(self.dynamodb, self.table("journal"), self.stored)


@pytest.fixture
def shelf(twin: Any) -> Iterator[Shelf]:
    shelf = Shelf(twin=twin)
    yield shelf
    shelf.clear()


def assert_told(shelf: Shelf, run: str) -> Tally:
    """That every entry of *run* is in its trace, its summary and its checkpoint, each once; what they come to."""
    entries = shelf.written[run]
    whole, spans = tally(entries), shelf.spans(run)
    names = Counter(span["name"].partition(" ")[0] for span in spans.values())
    assert names == {"invoke_workflow": 1, "invoke_agent": whole.turns, "chat": whole.calls, "execute_tool": whole.intents}
    assert faults(spans) == []
    assert untold(spans, MAIN, len(entries) - 1) == []
    summary = shelf.summary(run)
    assert summary
    assert (summary.cost, summary.model_calls, summary.tool_calls) == (whole.cost, whole.replies, whole.intents)
    assert (summary.tokens, summary.status) == ((whole.input, whole.output), "succeeded")
    assert shelf.progresses.get(shelf.branch(run)).next == len(entries)
    return whole


def test_ten_thousand_entries_at_once_are_projected_and_none_is_lost(shelf: Shelf) -> None:
    items = [shelf.begin("long", LONG), *(shelf.begin(f"short-{number}", SHORT) for number in range(MANY))]
    assert sum(map(len, items)) == LONG + MANY * SHORT == 10_000
    shelf.put(*items)
    for run in shelf.written:
        shelf.end(run)
    for run in shelf.written:
        shelf.ended(run)
    whole = [assert_told(shelf, run) for run in shelf.written]
    assert shelf.spent() == {run: one.cost for run, one in zip(shelf.written, whole, strict=True)}
    assert shelf.letters() == {}
    until(lambda: shelf.told("RunsEnded") == len(whole) or None, what="the metrics")
    assert (shelf.told("RunsStarted"), shelf.told("RunsSucceeded")) == (len(whole), len(whole))
    assert shelf.told("RunSteps") == sum(one.replies for one in whole)
    assert shelf.told("RunCost") == pytest.approx(sum(one.dollars for one in whole))


def test_what_cannot_be_projected_is_put_aside_with_its_reason_and_blocks_nothing(shelf: Shelf) -> None:
    hurt = shelf.begin("hurt", 60)
    hurt[20]["header"] = attribute("no header")
    hurt[21]["body"] = attribute('{"type": "model_reply"')
    hurt[22]["body"] = attribute('{"type": "prophecy", "text": "x"}')
    stray = {"pk": {"S": f"{shelf.tenant}-stray"}, "number": {"N": "0"}}
    broken = shelf.begin("broken", 20)
    record = item({"tenant": shelf.tenant, "run": "broken"})
    shelf.dynamodb.put_item(TableName=shelf.table("runs"), Item=record)
    shelf.put([stray, *broken, *hurt, *shelf.begin("well", 60)])
    for run in ("hurt", "well"):
        shelf.end(run)
        shelf.ended(run)
    well = assert_told(shelf, "well")

    expected = {
        json.dumps({"tenant": shelf.tenant, "run": "hurt", "path": MAIN, "number": number, "projection": "all"}, separators=(",", ":")): (
            "what is stored is no entry"
        )
        for number in (20, 21, 22)
    } | {
        json.dumps(stray): "the keys are neither an entry's nor a run's",
        json.dumps({"tenant": shelf.tenant, "run": "broken", "path": MAIN}): "KeyError",
        json.dumps({"tenant": shelf.tenant, "run": "broken", "path": ""}): "KeyError",
    }
    letters: dict[str, str] = {}

    def all_there() -> bool | None:
        letters.update(shelf.letters())
        return True if letters.keys() >= expected.keys() else None

    until(all_there, seconds=PATIENCE, what="the dead letters")
    assert letters == expected
    sound = tally(entry for entry in shelf.written["hurt"] if entry.number not in (20, 21, 22))
    assert shelf.spent() == {"hurt": sound.cost, "well": well.cost}
    assert untold(shelf.spans("hurt"), MAIN, 59) == []
    assert shelf.progresses.get(shelf.branch("hurt")).next == 60


@contextmanager
def listening(shelf: Shelf) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Hear what is told of anomalies of this tenant's: by a rule of the bus's and a queue, as whoever acts on them does."""
    events, sqs, name = shelf.twin.client("events"), shelf.twin.client("sqs"), f"{shelf.tenant}-anomalies"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    wanted = {"source": ["septet.observability"], "detail-type": ["RunAnomaly"], "detail": {"tenant": [shelf.tenant]}}
    rule = {"EventBusName": shelf.table("events")}
    found: list[dict[str, Any]] = []

    def heard() -> list[dict[str, Any]]:
        """All that has come so far."""
        for one in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", []):
            found.append(json.loads(one["Body"])["detail"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found

    events.put_rule(Name=name, EventPattern=json.dumps(wanted), **rule)
    try:
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}], **rule)
        yield heard
    finally:
        events.remove_targets(Rule=name, Ids=["queue"], **rule)
        events.delete_rule(Name=name, **rule)
        sqs.delete_queue(QueueUrl=url)


def test_a_run_that_takes_far_more_than_usual_is_told_on_the_bus_while_it_goes_on(shelf: Shelf) -> None:
    shelf.usually(cost=1, steps=1)
    with listening(shelf) as heard:
        shelf.put(shelf.begin("away", SHORT))
        whole = tally(shelf.written["away"])

        def both() -> dict[str, dict[str, Any]] | None:
            by_kind = {one["kind"]: one for one in heard()}  # the same event may come twice
            return by_kind if by_kind.keys() >= {"cost", "steps"} else None

        told = until(both, seconds=PATIENCE, what="the events")
        record = shelf.runs.get(shelf.tenant, "away")
        assert record
        assert record.status == "running", "nobody has ended it yet"
        assert shelf.progresses.get(shelf.branch("away", ENDS)).next == 0
        for kind, most in (("cost", whole.cost), ("steps", whole.replies)):
            one = told[kind]
            assert (one["run"], one["workflow"], one["attempt"]) == ("away", shelf.workflow, 0)
            assert (one["usual"], one["known"]) == (1, LEAST)
            assert 2 < one["value"] <= most
        until(lambda: ((one := shelf.summary("away")) and one.flagged == ("cost", "steps")) or None, what="the flags")
        until(lambda: shelf.told("Anomalies", kind="cost") == 1 or None, what="the metric")
        shelf.end("away")
        shelf.ended("away")
        ended = shelf.summary("away")
        assert ended
        assert (ended.flagged, ended.status) == (("cost", "steps"), "succeeded")
        assert {one["kind"] for one in heard()} == {"cost", "steps"}
