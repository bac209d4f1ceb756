"""Journeys made on the twin: begun, accompanied to their ends, with processes that die on the way; and records that come twice."""

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from septet.core.entries import ApprovalGiven, Entry, HandOver, ModelCall, ModelFailed, Routed
from septet.core.journal import Branch
from septet.core.runs import Run
from septet.core.traces import Context
from septet.integration.ports import Principal
from septet.integration.run_ids import keyed
from tests.desk import Desk, until
from tests.faults.boundaries import Faults
from tests.faults.failures import secret
from tests.faults.route import PATIENCE
from tests.journeys import JOURNEYS, Journey
from tests.traces import Spans, collected, root
from tests.undisturbed import record

PROJECTOR = "septet-twin-step-project"
STREAMS = ("journal", "runs")
CALLER = "00000000000000aa"


@dataclass(kw_only=True)
class Travels:
    """A run of each journey, under way for one tenant."""

    desk: Desk
    halting: bool = False
    """Whether the projector dies too, each time after the run's own process has."""
    runs: dict[str, str] = field(default_factory=dict)
    """By workflow, and ``row`` for the batch's."""
    asked: dict[str, str] = field(default_factory=dict)
    """By workflow, the trace that the run was submitted with."""

    @property
    def faults(self) -> Faults:
        """The plug-in's plans."""
        return Faults(endpoint=self.desk.twin.endpoint)

    def make(self) -> None:
        """Make all journeys, at the same time. Raises AssertionError when one does not end."""
        self.desk.twin.client("stepfunctions")  # made here, and once: threads that make one each lose all but the last
        keys = {workflow: self._plan(workflow, journey) for workflow, journey in JOURNEYS.items()}
        with ThreadPoolExecutor(2 * len(JOURNEYS)) as pool:
            for made in [pool.submit(self._make, pool, workflow, key) for workflow, key in keys.items()]:
                made.result()
        self.runs["row"] = self._id("customer-17", f"row {self.runs['batch']} 0 1")

    def _make(self, pool: ThreadPoolExecutor, workflow: str, key: str) -> None:
        journey, run = JOURNEYS[workflow], self.runs[workflow]
        self._submit(workflow, journey, key)
        halting = pool.submit(self._halt, run, journey) if self.halting else None
        journey.route.accompany(self.desk, run)
        if halting:
            halting.result()

    def _id(self, subject: str, key: str) -> str:
        """The id of the run that *subject* submits with this *key*."""
        principal = Principal(tenant=self.desk.tenant, subject=subject, roles=frozenset({"submitter"}))
        return keyed(principal, key, secret(self.desk.twin))

    def _plan(self, workflow: str, journey: Journey) -> str:
        """Give the model server its scripts, plan who dies, and return the key under which the run is to be submitted."""
        key = uuid.uuid4().hex
        journey.route.play(self.desk.twin.doubles)
        self.runs[workflow] = self._id(journey.route.subject, key)
        self.faults.plan(self.runs[workflow], kill=journey.killed)
        return key

    def _submit(self, workflow: str, journey: Journey, key: str) -> None:
        route = journey.route
        headers = self.desk.token(route.subject, "submitter") | {"Idempotency-Key": key}
        if not self.halting:  # the others begin traces of their own
            self.asked[workflow] = uuid.uuid4().hex
            headers["traceparent"] = Context(trace=self.asked[workflow], span=CALLER).traceparent
        body = {"workflow": workflow, "input": {**route.input, **route.prepare(self.desk)}}

        def taken() -> bool | None:
            answer = self.desk.http.post("/v1/runs", json=body, headers=headers)
            assert answer.status_code == 202 or answer.is_server_error, answer.text
            return answer.status_code == 202 or None

        until(taken, seconds=PATIENCE, what=f"the submission of {route.name}")

    def _halt(self, run: str, journey: Journey) -> None:
        """Plan the projector's death, once the run's own process has died."""
        until(lambda: self.kills(run) or None, seconds=PATIENCE, what=f"the death of a process of {run}")
        self.faults.plan(run, kill=journey.halted)

    def kills(self, run: str) -> int:
        """How many processes have died at boundaries of *run*."""
        return self.faults.crossed(run).kills

    def record(self, name: str) -> Run:
        """The record of the run of this *name*."""
        return record(self.desk.twin, self.desk.tenant, self.runs[name])

    def branches(self, name: str) -> Mapping[str, list[Entry]]:
        """All that the journal has of it."""
        run = self.record(name)
        return {path: list(self.desk.store.read(Branch(tenant=run.tenant, run=run.run, path=path))) for path in run.branches}

    def spans(self, name: str, trace: str) -> Spans:
        """Its trace, once its end is in it."""
        doubles, tenant, run = self.desk.twin.doubles, self.desk.tenant, self.runs[name]
        until(lambda: root(collected(doubles, trace), tenant, run), seconds=PATIENCE, what=f"the end of {run} in its trace")
        return collected(doubles, trace)

    def met(self, name: str) -> set[str]:
        """What the journal says that the run has met."""
        found: set[str] = set()
        for entries in self.branches(name).values():
            failed = ""
            for entry in entries:
                match entry.body:
                    case ApprovalGiven():
                        found.add("approval")
                    case HandOver():
                        found.add("hand-over")
                    case Routed(purpose="take_over", to=to) if to:
                        found.add("fallback")
                    case ModelFailed(model=model):
                        failed = model
                    case ModelCall(model=model):
                        found |= {"fallback"} if failed not in ("", model) else set()
                        failed = ""
                    case _:
                        pass
        return found


@contextmanager
def doubled(twin: Any) -> Iterator[None]:
    """Meanwhile the tables' streams have a second way to the projector: to its code without the alias, so each record comes twice."""
    functions, dynamodb = twin.client("lambda"), twin.client("dynamodb")
    made = []
    try:
        for table in STREAMS:
            stream = dynamodb.describe_table(TableName=f"{twin.prefix}-{table}")["Table"]["LatestStreamArn"]
            mapping = functions.create_event_source_mapping(
                FunctionName=PROJECTOR,
                EventSourceArn=stream,
                StartingPosition="LATEST",
                BatchSize=7,  # other portions than the first way has
                FunctionResponseTypes=["ReportBatchItemFailures"],
            )
            made.append(mapping["UUID"])

        def open_() -> bool | None:
            return all(functions.get_event_source_mapping(UUID=one)["State"] == "Enabled" for one in made) or None

        until(open_, what="the second way")
        yield
    finally:
        for one in made:
            functions.delete_event_source_mapping(UUID=one)


def taken(twin: Any, since: int) -> Counter[str]:
    """How many records the projector has answered for, by the version that took them; *since* is in milliseconds since the epoch.

    Of whatever run, and what came again is counted again: it says that both ways are at work, not which records have come by them.
    """
    found: Counter[str] = Counter()
    group = twin.client("lambda").get_function_configuration(FunctionName=PROJECTOR)["LoggingConfig"]["LogGroup"]
    pages = twin.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
    for event in (event for page in pages for event in page["events"]):
        if '"projected"' in event["message"]:
            version = event["logStreamName"].partition("[")[2].partition("]")[0]
            found["second" if version == "$LATEST" else "first"] += json.loads(event["message"])["records"]
    return found
