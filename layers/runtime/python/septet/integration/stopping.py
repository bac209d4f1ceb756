"""Stopping as people meet it: ordering a stop, reading its proof, lifting it. What this does in time is the acknowledgement.

The standing stop is written first, so that a submission that comes later meets it; then every account that is covered is marked. Executions
are aborted, and their ends waited for, by ``septet.orchestration.reconciling``, which is called at once and goes on until nothing runs.
"""

import logging
from copy import replace
from dataclasses import dataclass

from septet.core import stopping
from septet.core.runs import Run
from septet.core.stopping import StopOrder, StoppedRun, stop_id
from septet.core.stops import EVERYBODY, Scope, Standing
from septet.integration.marking import Marker
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, invalid
from septet.integration.reading import record
from septet.integration.rights import OPERATORS, OVERSEERS, require, require_platform, sees

MARKING = 15_000
"""Milliseconds that marking may take before the answer; the rest is marked by whoever goes on."""
TRIES = 5
"""To stop while others lift."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A stop, and what became of all that it covers."""

    order: StopOrder
    runs: tuple[StoppedRun, ...]

    @property
    def running(self) -> tuple[StoppedRun, ...]:
        """Those that have not ended; none of an agent's stop, with which runs go on."""
        return () if self.order.scope == "agent" else tuple(run for run in self.runs if run.ended_at is None)

    @property
    def left(self) -> tuple[StoppedRun, ...]:
        """Those that have not ended or have something under way; none of an agent's stop once it is finished."""
        done = self.order.scope == "agent" and self.order.finished_at is not None
        return () if done else tuple(run for run in self.runs if not run.settled)


def stop_run(name: str, reason: str, principal: Principal, ports: Ports) -> Proof:
    """Stop a run and those that it started. Stopping it again, or one that is over, is no error.

    Raises Problem: ``NOT_FOUND`` for a run that is none of the principal's business, ``FORBIDDEN`` for one that it only sees.
    """
    run = record(name, principal, ports)
    if run.submitter != principal.subject:
        require(principal, OPERATORS, "stop a run that somebody else submitted")
    stop = stop_id(run.tenant, "run", run.run, run.attempt)
    now = ports.clock()
    order = StopOrder(tenant=run.tenant, stop=stop, scope="run", name=run.run, by=principal.subject, reason=reason, at=now)
    order = ports.stop_records.put(order)
    _note_ended(order, run, ports)
    return _carried_out(order, ports)


def stop_all(scope: Scope, name: str, reason: str, principal: Principal, ports: Ports) -> Proof:
    """Stop an agent in the principal's tenant, the tenant, or, where it operates the platform, everybody. It stands until it is lifted.

    Raises Problem: ``FORBIDDEN``, ``INVALID`` for an agent that is not declared, and ``CONFLICT`` when others lift it again and again in
    the meantime.
    """
    _may_stop(scope, principal, ports)
    if scope == "agent" and name not in ports.agents:
        raise invalid("name", f"{name} is no agent; those are: {', '.join(sorted(ports.agents)) or 'none'}")
    whom, at = _whom(scope, principal.tenant), ports.clock()
    for _ in range(TRIES):
        standing = Standing(scope=scope, name=name, by=principal.subject, reason=reason, at=at)
        standing = ports.stops.put(whom, standing)
        stop = stop_id(principal.tenant, scope, name, standing.at, standing.by)
        order = StopOrder(
            tenant=principal.tenant, stop=stop, scope=scope, name=name, by=standing.by, reason=standing.reason, at=standing.at
        )
        order = ports.stop_records.put(order)
        if order.lifted_at is None:
            return _carried_out(order, ports)
        # Somebody is lifting the one that stands. It is taken away for them, and this one stands in its place.
        ports.stops.lift(whom, scope, name, at=standing.at)
        at = max(ports.clock(), standing.at + 1)
    raise Problem(Kind.CONFLICT, "others are lifting stops at this moment: look at them, and try again")


def lift(stop: str, principal: Principal, ports: Ports) -> Proof:
    """Let new runs start again, or the agent work in new runs; what was stopped stays stopped. Lifting it again is no error.

    Raises Problem: ``NOT_FOUND``, ``FORBIDDEN``, and ``CONFLICT`` for the stop of a run, which stands for nothing to come, and for one that
    is not carried out so far.
    """
    order = _found(stop, principal, ports)
    if order.scope == "run":
        raise Problem(Kind.CONFLICT, "a run that was stopped stays stopped: submit it again, or restart it")
    _may_stop(order.scope, principal, ports)
    if order.acknowledged_at is None and not _acknowledge(order, ports):
        raise Problem(Kind.CONFLICT, "it is still being carried out: look at it, and lift it once it is acknowledged")
    ports.stop_records.lifted(order, by=principal.subject, at=ports.clock())
    ports.stops.lift(_whom(order.scope, order.tenant), order.scope, order.name, at=order.at)
    return proof(stop, principal, ports)


def proof(stop: str, principal: Principal, ports: Ports) -> Proof:
    """The stop as it stands. Raises Problem ``NOT_FOUND`` also for one that is none of the principal's business.

    Where somebody found one more run in the moment in which it was finished, and broke off, it goes on: whoever looks sees to that.
    """
    found = _proof(_found(stop, principal, ports), ports)
    if found.order.finished_at is not None and found.left:
        _call(found.order, ports)
    return found


def listed(principal: Principal, ports: Ports) -> tuple[StopOrder, ...]:
    """The stops that the principal's tenant ordered, newest first. Raises Problem ``FORBIDDEN``."""
    require(principal, OVERSEERS, "list stops")
    return ports.stop_records.listed(principal.tenant)


def _carried_out(order: StopOrder, ports: Ports) -> Proof:
    """The stop with all that it covers marked, as far as there is time, and whoever goes on called."""
    if order.acknowledged_at is None:
        _acknowledge(order, ports)
    if order.finished_at is None:
        _call(order, ports)
    return _proof(ports.stop_records.get(order.tenant, order.stop) or order, ports)


def _acknowledge(order: StopOrder, ports: Ports) -> bool:
    """Mark what the stop covers; whether there was time for all, so that it is acknowledged."""
    end = ports.clock() + MARKING
    marker = Marker(ledger=ports.ledger, runs=ports.runs, records=ports.stop_records, clock=ports.clock)
    marked = marker.mark(order, lambda: ports.clock() < end)
    if marked:
        ports.stop_records.acknowledged(order, ports.clock())
    return marked


def _note_ended(order: StopOrder, run: Run, ports: Ports) -> None:
    """A run that is over is no longer listed as running: the proof says how it had ended."""
    if run.status in ("running", "refused") or run.ended_at is None:
        return
    covered = StoppedRun(
        tenant=run.tenant, run=run.run, workflow=run.workflow, parent=run.parent, since=run.created_at, found_at=order.at, state="over"
    )
    ended = replace(covered, attempt=run.attempt, execution=run.execution, status=run.status, ended_at=run.ended_at)
    ports.stop_records.cover(order, ended)


def _proof(order: StopOrder, ports: Ports) -> Proof:
    return Proof(order=order, runs=ports.stop_records.covered(order.tenant, order.stop))


def _call(order: StopOrder, ports: Ports) -> None:
    """Have whoever reconciles go on at once."""
    try:
        ports.reconcile(order.tenant, order.stop)
    except Exception as error:  # noqa: BLE001 -- the stop is written: it goes on within a minute, whatever failed here
        _log.warning("stop %s goes on within a minute: %s", order.stop, type(error).__name__)


def _found(stop: str, principal: Principal, ports: Ports) -> StopOrder:
    order = ports.stop_records.get(principal.tenant, stop)
    if order is None or not _concerns(order, principal, ports):
        raise Problem(Kind.NOT_FOUND, f"there is no stop {stop}")
    return order


def _concerns(order: StopOrder, principal: Principal, ports: Ports) -> bool:
    if order.scope == "platform":  # it tells what every tenant ran
        return bool(principal.roles & OPERATORS) and principal.tenant == ports.platform_tenant
    run = ports.runs.get(order.tenant, order.name) if order.scope == "run" else None
    return bool(principal.roles & OVERSEERS) or order.by == principal.subject or (run is not None and sees(principal, run))


def _may_stop(scope: stopping.Scope, principal: Principal, ports: Ports) -> None:
    require(principal, OPERATORS, f"stop the {scope}" if scope != "agent" else "stop an agent")
    if scope == "platform":
        require_platform(principal, ports.platform_tenant, "stop it for everybody")


def _whom(scope: Scope, tenant: str) -> str:
    """Whose stop it is."""
    return EVERYBODY if scope == "platform" else tenant
