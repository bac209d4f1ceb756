"""A gateway put together from its rules and its ports."""

from collections.abc import Mapping, Sequence
from typing import Any

from septet.core.journal import Clock, Journal
from septet.core.ledger import BranchLedger
from septet.core.runs import Run, Runs
from septet.security.approvals import Approvals
from septet.security.arguments import Schemas
from septet.security.asking import Asker
from septet.security.desk import House
from septet.security.egress import Rules
from septet.security.gateway import Gateway
from septet.security.hands import Hands
from septet.security.manifests import Manifest
from septet.security.monitor import Monitor
from septet.security.projection import Projections
from septet.security.questions import Policies


def built(
    manifests: Mapping[str, Manifest],
    grants: Mapping[str, Sequence[str]],
    *,
    policies: Policies,
    egress: Rules,
    journal: Journal,
    runs: Runs,
    approvals: Approvals,
    ledger: BranchLedger,
    hands: Hands,
    clock: Clock,
) -> Gateway:
    """A gateway that has seen nothing: over *manifests* of tools, the tools that *grants* gives each agent, and what it decides by."""

    def allowed(arguments: Mapping[str, Any]) -> bool:
        return egress.check(arguments).allowed

    def monitor(run: Run) -> Monitor:
        return Monitor(
            manifests, policies, tenant=run.tenant, principal=run.submitter, roles=run.roles, attended=run.attended, egress=allowed
        )

    house = House(
        manifests=manifests,
        grants=grants,
        pins={name: tool.pin for name, tool in manifests.items()},
        check=Schemas().problem,
        asker=Asker(approvals=approvals, clock=clock),
        hands=hands,
    )
    projections = Projections(manifests=manifests, journal=journal, monitor=monitor)
    return Gateway(house=house, projections=projections, runs=runs, ledger=ledger, clock=clock)
