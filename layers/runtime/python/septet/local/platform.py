"""A whole platform in one process: driver and gateway over the doubles of every port. Nothing is deployed, nothing is kept."""

from collections.abc import Callable, Mapping
from copy import replace
from dataclasses import dataclass, field
from typing import Any

from septet.core.entries import Entry, Request
from septet.core.errors import AgentStopped, Fenced, InputRejected, RunCancelled, RunStopped
from septet.core.frozen import maker
from septet.core.journal import Branch, Head, Journal, Pen
from septet.core.ledger import Budgets, Ledger
from septet.core.runs import Run, Runs
from septet.core.traces import of_run
from septet.execution.agents import Agent
from septet.execution.calling import Models
from septet.execution.driver import Driver, Outcome, Ports
from septet.execution.ports import Cache, GatewayBroke, GatewayRequest, Health, Model
from septet.local.approvals import MemoryApprovals
from septet.local.cache import MemoryCache
from septet.local.clock import ManualClock
from septet.local.effects import MemoryEffects
from septet.local.health import MemoryHealth
from septet.local.journal import MemoryJournal
from septet.local.ledger import MemoryLedger
from septet.local.policies import shipped
from septet.local.runs import MemoryRuns
from septet.security.approvals import Approvals
from septet.security.building import built
from septet.security.calls import Tools
from septet.security.desk import Calls
from septet.security.effects import Effects
from septet.security.egress import Rules
from septet.security.gateway import Gateway
from septet.security.hands import Hands
from septet.security.manifests import Manifest
from septet.security.questions import Policies

_calls = maker(Calls)


class LocalGateway:
    """A gateway in this process, as agents reach it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def call(self, request: GatewayRequest) -> list[Entry]:
        """The entries that the gateway appended. Raises Fenced or InputRejected as it did, GatewayBroke for anything else."""
        calls = _calls(
            branch=request.branch,
            head=request.head,
            agent=request.agent,
            turn=request.turn,
            bundle=request.bundle,
            calls=tuple(request.calls),
            pins=request.pins,
            on_behalf_of=tuple(request.on_behalf_of),
        )
        try:
            return self._gateway.handle(calls)
        except (Fenced, InputRejected, RunStopped, AgentStopped, RunCancelled):
            raise
        except Exception as error:
            raise GatewayBroke(f"{type(error).__name__}: {error}") from error


@dataclass(kw_only=True)
class Platform:
    """Agents, tools and a model, ready to run turns."""

    agents: Mapping[str, Agent]
    model: Model
    tools: Tools
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    clock: ManualClock = field(default_factory=ManualClock)
    journal: Journal = field(default_factory=MemoryJournal)
    runs: Runs = field(default_factory=MemoryRuns)
    approvals: Approvals = field(default_factory=MemoryApprovals)
    effects: Effects | None = None
    """In memory, beside the ledger, when not given."""
    ledger: Ledger = field(default_factory=lambda: MemoryLedger(Budgets(day=10**15, run=10**15, usual=10**9)))
    health: Health = field(default_factory=MemoryHealth)
    cache: Cache = field(default_factory=MemoryCache)
    policies: Policies = field(default_factory=shipped)
    """The repository's own, when no others are given."""
    egress: Rules = field(default_factory=Rules)
    budget: int = 1_000_000_000
    """Micro-dollars each run may spend."""

    def __post_init__(self) -> None:
        self.effects = self.effects or MemoryEffects(self.ledger)
        self.gateway = self.fresh_gateway()

    def fresh_gateway(self) -> Gateway:
        """A gateway that has seen nothing, as a new process has."""
        return built(
            self.manifests,
            {name: [tool.name for tool in agent.tools] for name, agent in self.agents.items()},
            policies=self.policies,
            egress=self.egress,
            journal=self.journal,
            runs=self.runs,
            approvals=self.approvals,
            ledger=self.ledger,
            hands=Hands(tools=self.tools, effects=self.effects or MemoryEffects(self.ledger), clock=self.clock, pause=self.clock.pause),
            clock=self.clock,
        )

    def submit(
        self,
        run: str,
        given: Mapping[str, Any],
        *,
        tenant: str = "acme",
        principal: str = "customer-1",
        label: str = "external",
        roles: tuple[str, ...] = (),
        attended: bool = True,
    ) -> Branch:
        """Write a run's record, by a principal with *roles*, and its request, whose fields all bear *label*, and open its accounts."""
        branch = Branch(tenant=tenant, run=run)
        now = self.clock()
        trace = of_run(tenant, run, now).header
        record = Run(tenant=tenant, run=run, workflow="test", submitter=principal, digest="", created_at=now, trace=trace)
        self.runs.create(replace(record, roles=roles, attended=attended))
        pen = Pen(journal=self.journal, branch=branch, clock=self.clock, head=Head())
        pen.write(Request(workflow="test", input=given, submitter=principal, trace=trace), labels=dict.fromkeys(given, label))
        self.ledger.open(branch, self.budget, now=self.clock())
        return branch

    def turn(self, branch: Branch, agent: str, turn: str = "", *, remaining: Callable[[], int] = lambda: 900_000) -> Outcome:
        """Take the agent's turn (named after it, if nothing else is said) as far as one invocation does. Raises as the driver does."""
        ports = Ports(journal=self.journal, models=self.models(), gateway=LocalGateway(self.gateway), clock=self.clock)
        return Driver(self.agents[agent], branch, turn or agent, ports=ports, remaining=remaining).run()

    def models(self) -> Models:
        """What a turn's model calls are made through."""
        return Models(
            model=self.model, ledger=self.ledger, health=self.health, cache=self.cache, pause=self.clock.pause, chance=lambda: 0.5
        )

    def entries(self, branch: Branch) -> list[Entry]:
        """The journal of *branch*."""
        return list(self.journal.read(branch))
