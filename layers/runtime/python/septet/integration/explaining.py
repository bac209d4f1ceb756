"""A run explained: the steps that its journal shows, and where its values come from. Whoever may read the journal may read this."""

from dataclasses import dataclass

from septet.core.journal import Branch
from septet.integration import reading
from septet.integration.ending import settled
from septet.integration.ports import Ports, Principal
from septet.integration.reading import Report
from septet.observability.explaining import explain
from septet.observability.explaining.steps import Step
from septet.observability.lineage import Lineage, lineage


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """One run with its steps."""

    report: Report
    """The run as it stands."""
    steps: tuple[Step, ...]
    lineage: Lineage | None
    """None where it was not asked for."""


def explained(run_id: str, principal: Principal, ports: Ports, *, values: bool = True) -> Explained:
    """The run as its journal explains it now; with *values*, also where they come from, which takes the longest.

    Raises Problem ``NOT_FOUND`` also for a run that is none of the principal's business.
    """
    run = settled(reading.record(run_id, principal, ports), ports.runs, ports.workflows, ports.clock)
    branches = {path: tuple(ports.journal.read(Branch(tenant=run.tenant, run=run.run, path=path))) for path in run.branches}
    report = reading.reported(run, branches.values(), ports)
    return Explained(report=report, steps=explain(branches), lineage=lineage(branches) if values else None)
