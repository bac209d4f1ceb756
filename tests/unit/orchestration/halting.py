"""A platform in memory that is stopped: the API's ports, and whoever reconciles stops."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from septet.core.entries import Stop
from septet.core.errors import AgentStopped, RunStopped
from septet.core.journal import Branch
from septet.integration.stopping import Proof, proof, stop_all, stop_run
from septet.local.effects import MemoryEffects
from septet.local.seals import MemoryUnsealed
from septet.orchestration.reconciling import Reconciler
from septet.security.effects import Effect
from tests.unit.integration.conftest import Office, principal

if TYPE_CHECKING:
    from septet.core.entries import Entry
    from septet.core.runs import Run
    from septet.core.stops import Scope
    from septet.integration.ports import ExecutionState

OPERATOR = principal("night-shift", "operator")
EVERYBODYS = principal("duty", "operator", tenant="operations")


@dataclass
class Halting:
    """What happens behind the API while something is stopped."""

    office: Office = field(default_factory=Office)
    looks: int = 20
    """How often the reconciler looks before its time is over."""
    told: list[str] = field(default_factory=list)
    """Runs whose end followers were told of."""

    def __post_init__(self) -> None:
        self.effects = MemoryEffects(self.office.ledger)
        self._left = self.looks

    def reconciler(self, **other: Any) -> Reconciler:
        office = self.office
        ports: dict[str, Any] = {
            "records": office.stop_records,
            "ledger": office.ledger,
            "runs": office.runs,
            "waits": office.waits,
            "workflows": office.workflows,
            "executions": office.executions,
            "journal": office.journal,
            "heads": office.journal,
            "effected": self.effects,
            "unsealed": MemoryUnsealed(office.runs),
            "followers": (lambda run: self.told.append(run.run),),
            "clock": office.clock,
            "pause": self._pause,
        }
        return Reconciler(**ports | other)

    def _pause(self, milliseconds: int) -> None:
        self._left -= 1
        self.office.clock.now += milliseconds

    def reconcile(self, **other: Any) -> int:
        """What an invocation of the step does with all stops that have not finished; how many are left."""
        self._left = self.looks
        return self.reconciler(**other).reconcile([*self.office.stop_records.unfinished()], lambda: self._left > 0)

    def stop(self, run: str) -> Proof:
        return stop_run(run, "enough", OPERATOR, self.office.ports)

    def stop_all(self, scope: Scope = "tenant", name: str = "") -> Proof:
        return stop_all(scope, name, "enough", EVERYBODYS if scope == "platform" else OPERATOR, self.office.ports)

    def proof(self, of: Proof) -> Proof:
        return proof(of.order.stop, replace(OPERATOR, tenant=of.order.tenant), self.office.ports)

    def record(self, run: str) -> Run:
        found: Run = self.office.runs.get("acme", run)
        return found

    def entries(self, run: str) -> list[Entry]:
        return list(self.office.journal.read(Branch(tenant="acme", run=run)))

    def stopped(self, run: str) -> bool:
        """Whether the journal's last word is that the run was stopped."""
        return isinstance(self.entries(run)[-1].body, Stop)

    def reserves(self, run: str, entry: int = 1, agent: str = "refunds", *, until: int = 0) -> bool:
        """Whether a model call of *agent* is let through."""
        until = until or self.office.clock() + 1000
        try:
            self.office.ledger.reserve(Branch(tenant="acme", run=run), entry, 5, until=until, settle={}, agent=agent)
        except (RunStopped, AgentStopped):
            return False
        return True

    def intends(self, run: str, key: str, *, deadline: int = 0, **more: Any) -> bool:
        """Whether an effect may be begun."""
        deadline = deadline or self.office.clock() + 1000
        effect = Effect(tenant="acme", run=run, key=key, tool="issue_refund", status="intended", deadline=deadline, by=key)
        try:
            return self.effects.intend(Branch(tenant="acme", run=run), effect, **more) is None
        except (RunStopped, AgentStopped):
            return False

    @property
    def running(self) -> list[str]:
        """The executions that run."""
        states: dict[str, ExecutionState] = self.office.workflows.states
        return [execution for execution, state in states.items() if state.status == "running"]
