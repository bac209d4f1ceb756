"""A stop of the whole platform: trees run, of every shape there is, and then nothing does. In `make drills` fifty: no execution within
ten seconds; the list of what runs is empty some time later, which is printed and held to no goal.

And stops of agents and of a tenant, beside another tenant that does the same: what they stop, and what they do not.

Runs that wait for a person's approval, or for a supplier's answer, runs in the middle of slow model calls, research in parallel branches, a
batch and the runs of its rows, and a machine of the test's own with a distributed map, a nested execution and a token wait in parallel.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from os import getloadavg
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local import library, supplies
from septet.aws.account_table import AccountTable
from septet.aws.control import Control, DynamoStops
from septet.aws.effects import DynamoEffects
from septet.aws.items import values
from septet.aws.ledger import DynamoLedger
from septet.aws.runs import DynamoRuns
from septet.aws.workflows import StepFunctionsWorkflows
from septet.core.entries import Answer, Failure, ModelCall, Stop, ToolIntent
from septet.core.errors import RunStopped
from septet.core.journal import Branch
from septet.core.runs import Run
from septet.integration.opening import Gate
from septet.local.ledger import DEFAULT
from septet.security.effects import Effect
from tests.desk import Desk, plain, store, until
from tests.sizes import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator

APPROVALS, INQUIRIES, SLOW, RESEARCH, OWN, ROWS = (18, 5, 14, 4, 8, 3) if FULL else (4, 2, 3, 1, 2, 2)
"""How many of each; a batch is one more, with a run for each of its rows."""
TREES = APPROVALS + INQUIRIES + SLOW + RESEARCH + OWN + 1
"""Those that nobody of them started: the rows are not counted."""
GOAL = 10_000
"""Milliseconds from the order of the stop until no execution is left. Records and accounts are closed after that."""
RESERVED = 3
"""Pieces that each case has reserved before it asks its supplier."""
DELAY = 25
"""Seconds that a slow model takes."""
AT_ONCE = 3
"""So many of a research run's specialists work at the same time."""


def calls(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"calls": [{"tool": tool, "arguments": arguments}]}


def scenario(tenant: str) -> list[dict[str, Any]]:
    """What the models say: a slow one asks for a tool in the end, which nobody may begin by then. It would do so three times over."""
    route = calls("answer", skill="orders", confidence=95, why="slow")
    looks = [calls("find_order", order_id=f"A-100{number}") | {"delay": DELAY} for number in (1, 2, 3)]
    slow = {"triage": [route], "orders": looks}
    questions = [f"Slow question {number}? {tenant} Keys: none" for number in range(4)]
    plan = {"planner": [calls("answer", questions=questions)]}
    reads = [calls("search_library", query=query) | {"delay": DELAY} for query in ("causeway", "ferry", "storm")]
    specialist = {"researcher": reads}
    reserves = [
        calls("find_purchase_order", po_id="P-1001"),
        calls("reserve_stock", po_id="P-1001", quantity=RESERVED),
        calls("answer", question="When does it come?", reserved=RESERVED, summary="Some are reserved."),
    ]
    asks = {"supply_analyst": reserves}
    return [
        {"scenario": f"case, {tenant}", "when": {"contains": f"a case, says {tenant}"}, "agents": asks},
        {"scenario": f"slow, {tenant}", "when": {"contains": f"slow, says {tenant}"}, "agents": slow},
        {"scenario": f"plan, {tenant}", "when": {"contains": f"research, says {tenant}"}, "agents": plan},
        {"scenario": f"specialist, {tenant}", "when": {"contains": ["<question source=unknown>", tenant]}, "agents": specialist},
    ]


def own_machine(queue: str, nested: str) -> dict[str, Any]:
    """A distributed map, a nested execution and a token wait, side by side. Every branch waits until somebody stops it."""
    wait = {"Type": "Wait", "Seconds": 600, "End": True}
    token = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": queue, "MessageBody": "{% $states.context.Task.Token & ' ' & $states.context.Execution.Name %}"},
        "TimeoutSeconds": 600,
        "End": True,
    }
    mapped = {
        "Type": "Map",
        "Items": [1, 2, 3],
        "Label": "Rows",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "A row waits",
            "States": {"A row waits": wait},
        },
        "End": True,
    }
    started = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": nested, "Input": "{% $states.input %}"},
        "End": True,
    }
    branches = [
        {"StartAt": "Rows", "States": {"Rows": mapped}},
        {"StartAt": "Another machine", "States": {"Another machine": started}},
        {"StartAt": "Somebody is waited for", "States": {"Somebody is waited for": token}},
    ]
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "All at once",
        "States": {"All at once": {"Type": "Parallel", "Branches": branches, "End": True}},
    }


@dataclass(kw_only=True)
class Site:
    """The platform from behind, and what runs on it."""

    desk: Desk
    name: str = ""
    runs: list[str] = field(default_factory=list)
    machines: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        return self.desk.twin.client(service)

    def named(self, name: str) -> str:
        """What a table or a state machine is called where the platform is deployed."""
        return f"{self.desk.twin.prefix}-{name}"

    @property
    def records(self) -> DynamoRuns:
        """The runs' records."""
        return DynamoRuns(self.client("dynamodb"), self.named("runs"))

    @property
    def ledger(self) -> DynamoLedger:
        dynamodb = self.client("dynamodb")
        return DynamoLedger(AccountTable(dynamodb, self.named("accounts")), Control(dynamodb, self.named("control")), DEFAULT)

    def start(self, workflow: str, given: dict[str, Any]) -> str:
        """Start a run, once, however often it has to be asked for while many functions begin."""
        subject = "supply-desk" if workflow == "supply" else "customer-17"
        run = self.desk.submit(workflow, given, subject=subject, key=uuid.uuid4().hex)
        self.runs.append(run)
        return run

    def batch(self) -> str:
        """A batch whose rows wait for a person."""
        rows = "".join(f"I want my money back for order A-1002. ({number})\n" for number in range(ROWS))
        content = f"message\n{rows}".encode()
        offer = {"name": "rows.csv", "media_type": "text/csv", "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        who = self.desk.token("customer-17", "submitter")
        made = self.desk.http.post("/v1/files", json=offer, headers=who)
        assert made.is_success, made.text
        transfer = made.json()["transfer"]
        plain().request(transfer["method"], transfer["url"], headers=transfer["headers"], content=content).raise_for_status()
        return self.start("batch", {"file": made.json()["id"], "workflow": "support", "attended": True})

    def make_machines(self) -> None:
        """The test's own machines, named as workflows are."""
        states, self.name = self.client("stepfunctions"), f"stopping_{self.desk.tenant.removeprefix('t-')}"
        role = f"arn:aws:iam::{self.desk.twin.account}:role/any"
        queue = self.client("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        waits = {"QueryLanguage": "JSONata", "StartAt": "It waits", "States": {"It waits": {"Type": "Wait", "Seconds": 600, "End": True}}}
        nested = states.create_state_machine(name=self.named(f"{self.name}_nested"), definition=json.dumps(waits), roleArn=role)
        definition = json.dumps(own_machine(queue, nested["stateMachineArn"]))
        own = states.create_state_machine(name=self.named(self.name), definition=definition, roleArn=role)
        self.machines = [nested["stateMachineArn"], own["stateMachineArn"]]

    def tree(self, number: int) -> str:
        """A run of the test's own machine, let in as every run is."""
        dynamodb, run = self.client("dynamodb"), f"run-{self.name}-{number}"
        machines = f"arn:aws:states:{self.desk.twin.region}:{self.desk.twin.account}:stateMachine:{self.named('')}"
        runs, workflows = self.records, StepFunctionsWorkflows(self.client("stepfunctions"), machines)
        record = Run(tenant=self.desk.tenant, run=run, workflow=self.name, submitter="ann", digest="", created_at=now())
        record = runs.create(record)
        stops = DynamoStops(dynamodb, self.named("control"))
        Gate(ledger=self.ledger, runs=runs, stops=stops, capacity=1000, clock=now).admit(record)
        execution = workflows.start(self.name, run, {"tenant": self.desk.tenant, "run": run})
        runs.started(self.desk.tenant, run, execution)
        self.runs.append(run)
        return run

    def executing(self) -> list[str]:
        """Every execution that runs, of every state machine."""
        states = self.client("stepfunctions")
        machines = [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"]]
        pages = (states.list_executions(stateMachineArn=machine, statusFilter="RUNNING") for machine in machines)
        return [execution["executionArn"] for page in pages for execution in page["executions"]]

    def waiting(self, run: str) -> bool:
        """Whether an execution of the run waits with a token."""
        of = {":of": {"S": f"{self.desk.tenant}#{run}"}}
        table = self.client("dynamodb").query
        return bool(table(TableName=self.named("waits"), KeyConditionExpression="pk = :of", ExpressionAttributeValues=of)["Items"])

    def model_calls(self, **wanted: str) -> list[dict[str, Any]]:
        """What the model server counted for this test's runs, of the calls that are *wanted*."""
        listed = plain().get(f"{self.desk.twin.doubles}/calls", params=wanted).json()["calls"]
        ours = set(self.all_runs())
        return [call for call in listed if call["run"] in ours]

    def in_the_middle(self, agent: str) -> int:
        """How many of *agent* wait for their models at this moment."""
        return len(self.model_calls(agent=agent, outcome="under way"))

    def stop(self, stop: str, who: dict[str, str]) -> dict[str, Any]:
        """The stop with its proof; empty while the API is out of order."""
        answer = self.desk.http.get(f"/v1/stops/{stop}", params={"limit": "500"}, headers=who)
        return dict(answer.json()) if answer.is_success else {}

    def all_runs(self) -> list[str]:
        """The runs that were started here, and those that they started."""
        return [one["run"] for one in self._all("runs")]

    def _all(self, table: str) -> list[dict[str, Any]]:
        """The tenant's items of a table."""
        found = self.client("dynamodb").query(
            TableName=self.named(table),
            KeyConditionExpression="tenant = :tenant",
            ExpressionAttributeValues={":tenant": {"S": self.desk.tenant}},
        )
        return [values(held) for held in found["Items"]]


def now() -> int:
    return time.time_ns() // 1_000_000


def milliseconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


@pytest.fixture
def site(twin: Any) -> Iterator[Site]:
    with Desk(twin=twin) as desk:
        site = Site(desk=desk)
        library.put(twin.client("dynamodb"), site.named("documents"), desk.tenant, library.archive())
        supplies.put(twin.client("dynamodb"), site.named("supplies"), desk.tenant)
        scripts = "\n---\n".join(map(json.dumps, scenario(desk.tenant)))
        plain().put(f"{twin.doubles}/scenarios/stopping-{desk.tenant}", content=scripts).raise_for_status()
        site.make_machines()
        try:
            yield site
        finally:
            for machine in site.machines:
                site.client("stepfunctions").delete_state_machine(stateMachineArn=machine)


def begin(site: Site) -> None:
    """Start all of it, and wait until each is where it is to be: those that wait first, as they take longest to get there."""
    tenant = site.desk.tenant
    asking = [("support", {"message": f"I want my money back for order A-1002. {number}"}) for number in range(APPROVALS)]
    cases = [("supply", {"purchase_order": "P-1001", "notice": f"a case, says {tenant}: {number}"}) for number in range(INQUIRIES)]
    slow = [("research", {"message": f"research, says {tenant}"})] * RESEARCH + [("support", {"message": f"slow, says {tenant}"})] * SLOW
    with ThreadPoolExecutor(6) as pool:
        waiting = set(pool.map(lambda one: site.start(*one), asking + cases))
        batch = site.batch()
        own = list(pool.map(site.tree, range(OWN)))
        until(lambda: _rows(site, {*waiting, batch, *own}), seconds=100, what="the runs of the rows")
        waiting |= set(site.all_runs()) - {batch, *own}
        until(lambda: None if [run for run in waiting if not site.waiting(run)] else True, seconds=200, what="all that wait")
        list(pool.map(lambda one: site.start(*one), slow))
    until(lambda: _all_in_the_middle(site) or None, seconds=100, what="slow model calls")


def _all_in_the_middle(site: Site) -> bool:
    """Whether each of the slow ones waits for its model: a call that was just admitted may come to the server after the stop.

    Of many, all never wait at the same moment.
    """
    specialists, others = site.in_the_middle("researcher"), site.in_the_middle("orders")
    return (specialists, others) == (AT_ONCE * RESEARCH, SLOW) if not FULL else specialists >= RESEARCH and others > SLOW // 2


def _rows(site: Site, others: set[str]) -> set[str] | None:
    """The runs that the batch has started, once it has started all."""
    return found if len(found := set(site.all_runs()) - others) == ROWS else None


@pytest.mark.timeout(500)  # it starts a twin of its own
@pytest.mark.own_twin("it stops the whole platform, and makes state machines with a role that AWS would refuse")
def test_a_stop_of_the_platform_leaves_nothing_running_and_lets_nothing_begin(site: Site) -> None:
    begin(site)
    running = {one.run for one in site.ledger.running(site.desk.tenant)}
    assert len(running) == TREES + ROWS
    duty = {"Authorization": f"Bearer {site.desk.twin.token(tenant='operations', subject='duty', roles=['operator'])}"}
    ordered_at = now()
    answer = site.desk.http.post("/v1/stops", json={"scope": "platform", "reason": "a fire drill"}, headers=duty)
    answered = now() - ordered_at
    assert answer.status_code == 202, answer.text
    stop = answer.json()["id"]
    try:
        over = until(lambda: None if site.executing() else now() - ordered_at, seconds=60, what="the end of all that ran")
        unlisted = until(lambda: None if site.ledger.running(site.desk.tenant) else now() - ordered_at, seconds=150, what="an empty list")
        at = until(lambda: site.stop(stop, duty).get("acknowledged_at"), what="the acknowledgement")
        told = f"answered after {answered}, acknowledged {milliseconds(at) - ordered_at}, no execution {over}, an empty list {unlisted}"
        print(f"{len(running)} runs stopped; milliseconds after the order: {told}; load {getloadavg()}")  # noqa: T201 -- with the test
        _nothing_began(site, milliseconds(at), running)
        refused = site.desk.http.post(
            "/v1/runs", json={"workflow": "support", "input": {"message": "and me?"}}, headers=site.desk.token("ann", "submitter")
        )
        assert refused.status_code == 409, refused.text
        _proved(site, stop, duty, running)
        _nothing_began(site, milliseconds(at), running)
        assert over < GOAL or not FULL, "a few trees beside other tests say nothing of the time"
    finally:
        lifted = site.desk.http.post(f"/v1/stops/{stop}/lift", headers=duty)
        assert lifted.is_success, lifted.text
    assert site.desk.ended(site.start("support", {"message": "Where is my order A-1001?"}))["status"] == "succeeded"


def _nothing_began(site: Site, at: int, runs: set[str]) -> None:
    """No reservation and no intent was accepted after *at*: by the tables, by the model server's record, and by the tools' own logs."""
    twin, tenant = site.desk.twin, site.desk.tenant
    bodies = store(twin)
    for run in runs:
        paths = site.records.get(tenant, run)
        for path in paths.branches if paths else ():
            for entry in bodies.read(Branch(tenant=tenant, run=run, path=path)):
                assert entry.at <= at or not isinstance(entry.body, ModelCall | ToolIntent), f"{run} began {entry.body} after the stop"
        with pytest.raises(RunStopped):
            site.ledger.reserve(Branch(tenant=tenant, run=run), 999, 1, until=now() + 1000, settle={}, agent="orders")
    late = [call for call in site.model_calls() if milliseconds(call["at"]) > at]
    assert late == []
    stopped = min(runs)
    effect = Effect(tenant=tenant, run=stopped, key="k", tool="t", status="intended", deadline=1, by="b")
    effects = DynamoEffects(
        site.client("dynamodb"), site.named("effects"), accounts=site.named("accounts"), bodies=bodies._bodies, pause=lambda _: None
    )
    with pytest.raises(RunStopped):
        effects.intend(Branch(tenant=tenant, run=stopped), effect)
    logs = site.client("logs")
    groups = [
        one["logGroupName"]
        for one in logs.describe_log_groups(logGroupNamePrefix=f"/septet/{twin.prefix.removeprefix('septet-')}/tool/")["logGroups"]
    ]
    assert groups, "without the tools' logs nothing is known of them"
    for group in groups:
        said = logs.filter_log_events(logGroupName=group, startTime=at + 1)["events"]
        assert [one for one in said if one["timestamp"] > at and "START" in one["message"]] == [], group


def _proved(site: Site, stop: str, duty: dict[str, str], runs: set[str]) -> None:
    """The proof, once calls that were admitted before have come back."""

    proof = until(lambda: found if (found := site.stop(stop, duty)).get("finished_at") else None, seconds=200, what="a finished stop")
    ours = {run["id"]: run for run in proof["runs"] if run["tenant"] == site.desk.tenant}
    assert set(ours) >= runs
    assert (proof["running"], proof["left"], proof["held_microdollars"]) == (0, 0, 0)
    assert all(run["settled"] and run["ended_at"] for run in ours.values())
    assert {run["state"] for run in ours.values()} >= {"running", "waiting"}
    _accounted(site, proof, ours)
    stopped = [run for run in ours if ours[run]["status"] == "stopped"]
    assert set(stopped) == runs, "none of them was about to end by itself"
    for run in stopped:
        record = site.records.get(site.desk.tenant, run)
        assert record is not None
        assert (record.status, record.error) == ("stopped", "RunStopped")
        assert "the platform was stopped by duty: a fire drill" in record.message
        assert isinstance(list(store(site.desk.twin).read(Branch(tenant=site.desk.tenant, run=run)))[-1].body, Stop)
    assert site.ledger.running(site.desk.tenant) == ()


def _accounted(site: Site, proof: dict[str, Any], ours: dict[str, Any]) -> None:
    """What the proof says was done and spent is what the warehouse and the journals say."""
    cases = {run: told for run, told in ours.items() if told["workflow"] == "supply"}
    assert len(cases) == INQUIRIES
    effects = [(effect["tool"], effect["status"]) for told in cases.values() for effect in told["effects"]]
    assert effects == [("reserve_stock", "happened")] * INQUIRIES
    kept = [one for one in site._all("supplies") if one["item"].startswith("reservation#")]
    assert sorted((one["run"], one["quantity"]) for one in kept) == sorted((run, RESERVED) for run in cases)
    costs = {run: sum(entry.cost for entry in site.desk.journal(run)) for run in cases}
    assert {run: told["spent_microdollars"] for run, told in cases.items()} == costs
    assert min(costs.values()) > 0
    assert proof["spent_microdollars"] == sum(run["spent_microdollars"] for run in proof["runs"]) >= sum(costs.values())


@dataclass(kw_only=True)
class Side:
    """One of two tenants that do the same."""

    desk: Desk

    def play(self) -> None:
        """Agents that are slow and would go on after it, and those that take over."""
        tenant, look = self.desk.tenant, calls("find_order", order_id="A-1001")
        found = calls("answer", found=True, order_id="A-1001", summary="It is on its way.")
        agents = {
            "triage": [calls("answer", skill="orders", confidence=95, why="so")],
            "orders": [look | {"delay": SHORT}, found],
            "generalist": [look, calls("answer", understood=True, order_id="A-1001", summary="It is on its way.")],
            "writer": [{"text": "It is on its way."}],
        }
        plans = {"planner": [{"text": "I think about it.", "delay": SHORT}, calls("answer", questions=["What?"])]}
        told = [
            {"scenario": f"look, {tenant}", "when": {"contains": f"look, says {tenant}"}, "agents": agents},
            {"scenario": f"plan, {tenant}", "when": {"contains": f"plan, says {tenant}"}, "agents": plans},
        ]
        scripts = "\n---\n".join(map(json.dumps, told))
        plain().put(f"{self.desk.twin.doubles}/scenarios/sides-{tenant}", content=scripts).raise_for_status()

    def look(self) -> str:
        return self.desk.start(f"look, says {self.desk.tenant}")

    def plan(self) -> str:
        return self.desk.submit("research", {"message": f"plan, says {self.desk.tenant}"})

    def refund(self, number: int) -> str:
        """A run that waits for a person."""
        run = self.desk.start(f"I want my money back for order A-1002. ({number})")
        self.desk.asked(run)
        return run

    def thinks(self, run: str, agent: str) -> str:
        """*run*, once *agent* waits for its model in it."""

        def look() -> bool | None:
            wanted = {"run": run, "agent": agent, "outcome": "under way"}
            return bool(plain().get(f"{self.desk.twin.doubles}/calls", params=wanted).json()["calls"]) or None

        until(look, seconds=150, what=f"a slow call of {agent}")
        return run

    def stop(self, **asked: str) -> str:
        """Order a stop of an agent or of the tenant, and return its id."""
        answer = self.desk.http.post("/v1/stops", json=asked | {"reason": "enough"}, headers=self.desk.token("duty", "operator"))
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        assert answer.json()["acknowledged_at"], "so few are marked at once"
        return str(answer.json()["id"])

    def proved(self, stop: str) -> dict[str, Any]:
        """The proof, once it is finished."""

        def look() -> dict[str, Any] | None:
            answer = self.desk.http.get(f"/v1/stops/{stop}", headers=self.desk.token("duty", "operator"))
            return answer.json() if answer.is_success and answer.json()["finished_at"] else None

        return until(look, seconds=150, what="a finished stop")

    def lift(self, stop: str) -> None:
        answer = self.desk.http.post(f"/v1/stops/{stop}/lift", headers=self.desk.token("duty", "operator"))
        assert answer.is_success, answer.text

    def worked(self, run: str) -> list[str]:
        """Who answered, or failed with what, in the order in which they did."""
        ends = (entry for entry in self.desk.journal(run) if isinstance(entry.body, Answer | Failure))
        return [f"{one.agent}: {one.body.error}" if isinstance(one.body, Failure) else one.agent for one in ends]


SHORT = 25
"""Seconds that a model takes over what is stopped meanwhile."""


@pytest.mark.timeout(600)
def test_stops_of_agents_and_of_a_tenant_concern_its_own_runs_and_nobody_else_s(twin: Any) -> None:
    with Desk(twin=twin) as first, Desk(twin=twin) as second, ThreadPoolExecutor() as pool:
        ours, theirs = Side(desk=first), Side(desk=second)
        for side in (ours, theirs):
            side.play()
        waits = [pool.submit(ours.refund, number) for number in range(2)] + [pool.submit(theirs.refund, 0)]
        one, two, other = (one.result() for one in waits)
        over = first.ended(ours.look())
        looking, planning, neighbour = ours.look(), ours.plan(), theirs.look()
        thinking = [pool.submit(ours.thinks, looking, "orders"), pool.submit(ours.thinks, planning, "planner")]
        assert [run.result() for run in [*thinking, pool.submit(theirs.thinks, neighbour, "orders")]] == [looking, planning, neighbour]

        stops = list(pool.map(lambda agent: ours.stop(scope="agent", name=agent), ("orders", "planner")))
        proofs = [ours.proved(stop) for stop in stops]
        assert [{run["id"] for run in proof["runs"]} for proof in proofs] == [{one, two, looking, planning}] * 2
        assert [(proof["name"], proof["running"], proof["left"]) for proof in proofs] == [("orders", 0, 0), ("planner", 0, 0)]
        later = ours.look()
        ends = {run: first.ended(run) for run in (looking, planning, later)}
        assert {run: (end["status"], end["failure"] and end["failure"]["class"]) for run, end in ends.items()} == {
            looking: ("succeeded", None),
            planning: ("failed", "AgentStopped"),
            later: ("succeeded", None),
        }
        assert ours.worked(looking) == ["triage", "orders: AgentStopped", "generalist", "writer"], "it is taken over"
        assert ours.worked(later) == ["triage", "generalist", "writer"], "nobody chooses who is stopped"
        assert second.ended(neighbour)["status"] == "succeeded"
        assert theirs.worked(neighbour) == ["triage", "orders", "writer"], "the other tenant's orders works on"
        first.decide(first.asked(one)["id"], "approve")
        assert first.ended(one)["status"] == "succeeded", "in it worked others"
        assert [payment["order_id"] for payment in first.payments()] == ["A-1002"]
        for stop in stops:
            ours.lift(stop)

        looking = ours.thinks(ours.look(), "orders")
        stop = ours.stop(scope="tenant")
        refused = first.http.post(
            "/v1/runs", json={"workflow": "support", "input": {"message": "me?"}}, headers=first.token("a", "submitter")
        )
        proof = ours.proved(stop)
        assert (refused.status_code, proof["running"], proof["left"], proof["held_microdollars"]) == (409, 0, 0, 0)
        assert {run["id"]: (run["tenant"], run["state"], run["status"]) for run in proof["runs"]} == {
            two: (first.tenant, "waiting", "stopped"),
            looking: (first.tenant, "running", "stopped"),
        }
        assert over["status"] == "succeeded", "it had ended: the stop has nothing of it"
        assert [isinstance(first.journal(run)[-1].body, Stop) for run in (two, looking)] == [True, True]
        unknown = second.http.get(f"/v1/stops/{stop}", headers=second.token("duty", "operator"))
        listed = second.http.get("/v1/stops", headers=second.token("duty", "operator")).json()["stops"]
        assert (unknown.status_code, listed) == (404, [])
        second.decide(second.asked(other)["id"], "approve")
        assert second.ended(other)["status"] == "succeeded", "the other tenant works on"
        ours.lift(stop)
        assert first.ended(ours.look())["status"] == "succeeded"
