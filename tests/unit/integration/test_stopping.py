"""Ordering stops, reading their proofs, lifting them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from septet.core.errors import RunStopped
from septet.core.journal import Branch
from septet.core.ledger import of_run
from septet.core.runs import Run
from septet.core.stopping import StopOrder
from septet.integration.opening import Gate
from septet.integration.problems import Kind, Problem
from septet.integration.stopping import Proof, lift, listed, proof, stop_all, stop_run
from tests.unit.integration.conftest import Office, principal

if TYPE_CHECKING:
    from septet.core.stops import Scope

OPERATOR = principal("night-shift", "operator")
DUTY = principal("duty", "operator", tenant="operations")


def refused(office: Office, run: str, tenant: str = "acme") -> bool:
    """Whether no model call of the run is let through any more."""
    try:
        office.ledger.reserve(Branch(tenant=tenant, run=run), 1, 5, until=office.clock() + 1000, settle={}, agent="refunds")
    except RunStopped:
        return True
    return False


def child(office: Office, parent: str, run: str) -> str:
    """A run that *parent* started."""
    record = Run(tenant="acme", run=run, workflow="support", submitter="ann", digest="", created_at=office.clock(), parent=parent)
    office.runs.create(record)
    Gate(ledger=office.ledger, runs=office.runs, stops=office.stops, capacity=1000, clock=office.clock).admit(record)
    return run


def stop(office: Office, run: str) -> Proof:
    return stop_run(run, "enough", OPERATOR, office.ports)


def test_a_stop_is_acknowledged_once_nothing_of_the_run_is_let_through(office: Office) -> None:
    run, other = office.start(), office.start()
    stopped = stop(office, run)
    assert stopped.order.acknowledged_at == office.clock()
    assert refused(office, run)
    assert not refused(office, other)
    assert [one.run for one in stopped.running] == [run]
    assert office.called == [("acme", stopped.order.stop)]


def test_a_run_s_submitter_may_stop_it_and_nobody_else_s(office: Office) -> None:
    run = office.start()
    with pytest.raises(Problem) as found:
        stop_run(run, "mine now", principal("eve", "submitter"), office.ports)
    assert found.value.kind is Kind.NOT_FOUND
    with pytest.raises(Problem) as found:
        stop_run(run, "no", principal("eve", "approver"), office.ports)
    assert found.value.kind is Kind.FORBIDDEN
    assert not refused(office, run)
    stop_run(run, "I changed my mind", principal("ann", "submitter"), office.ports)
    assert "I changed my mind" in office.ledger.account("acme", of_run(run)).stopped


def test_those_that_a_run_started_are_stopped_with_it_however_deep(office: Office) -> None:
    root = office.start()
    below = child(office, root, "run-b")
    deepest = child(office, below, "run-c")
    beside = office.start()
    office.ledger.close("acme", below)
    office.runs.close("acme", below, status="failed", ended_at=1)
    stopped = stop(office, root)
    assert sorted(one.run for one in stopped.runs) == sorted([root, deepest])
    assert refused(office, deepest)
    assert not refused(office, beside)


def test_a_stopped_run_starts_no_other(office: Office) -> None:
    root = office.start()
    stop(office, root)
    with pytest.raises(RunStopped, match="the run that it is for is stopped"):
        child(office, root, "run-b")
    assert [one.run for one in office.ledger.running("acme")] == [root]


class Starting:
    """A ledger in which a run opens right after somebody looked at what runs."""

    def __init__(self, office: Office, opens: Any) -> None:
        self._ledger, self._opens = office.ledger, [opens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def running(self, tenant: str) -> Any:
        found = self._ledger.running(tenant)
        for opens in self._opens[:]:
            self._opens.clear()
            opens()
        return found


def test_a_child_that_opens_while_its_parent_is_marked_is_found(office: Office) -> None:
    root = office.start()
    ledger = office.ledger
    office.ledger = Starting(office, lambda: ledger.open(Branch(tenant="acme", run="run-b"), 5, now=office.clock(), parent=root))
    stopped = stop(office, root)
    assert sorted(one.run for one in stopped.runs) == sorted([root, "run-b"])
    assert refused(office, "run-b")


@pytest.mark.parametrize("scope", ["tenant", "platform"])
def test_a_submission_meets_the_stop_or_the_stop_meets_it(office: Office, scope: Scope) -> None:
    who = DUTY if scope == "platform" else OPERATOR
    before = office.start()
    ledger = office.ledger
    late: list[str] = []
    office.ledger = Starting(office, lambda: late.append(_tried(office)))
    stopped = stop_all(scope, "", "enough", who, office.ports)
    office.ledger = ledger
    assert late == ["refused"], "the standing stop is written before anybody looks at what runs"
    assert [one.run for one in stopped.running] == [one.run for one in ledger.running("acme")] == [before]


def _tried(office: Office) -> str:
    try:
        return office.start()
    except Problem as problem:
        return "refused" if problem.kind is Kind.CONFLICT else str(problem)


def test_a_tenant_s_stop_is_the_tenant_s_and_the_platform_s_is_everybody_s(office: Office) -> None:
    ours, theirs = office.start(), office.start(principal("bob", tenant="other"))
    stop_all("tenant", "", "enough", OPERATOR, office.ports)
    assert refused(office, ours)
    assert not refused(office, theirs, "other")
    everybody = stop_all("platform", "", "a fire", DUTY, office.ports)
    assert refused(office, theirs, "other")
    assert {one.tenant for one in everybody.runs} == {"acme", "other"}
    for tenant in ("acme", "other"):
        with pytest.raises(Problem, match="stopped"):
            office.start(principal("bob", tenant=tenant))


@pytest.mark.parametrize(
    "who",
    [
        OPERATOR,
        principal("root", "admin"),
        principal("duty", "submitter", "approver", "auditor", tenant="operations"),
        principal("duty", "admin", "operator", tenant="operations-2"),
    ],
)
def test_nobody_stops_the_platform_but_an_operator_of_the_tenant_that_operates_it(office: Office, who: Any) -> None:
    run = office.start()
    with pytest.raises(Problem) as found:
        stop_all("platform", "", "enough", who, office.ports)
    assert found.value.kind is Kind.FORBIDDEN
    assert not refused(office, run)
    assert office.stops.of("acme") == ()


def test_an_agent_that_nobody_declared_is_not_stopped_but_named(office: Office) -> None:
    with pytest.raises(Problem, match="refund is no agent; those are: refunds") as found:
        stop_all("agent", "refund", "enough", OPERATOR, office.ports)
    assert found.value.kind is Kind.INVALID
    assert (office.stops.of("acme"), listed(OPERATOR, office.ports)) == ((), ())
    with pytest.raises(Problem) as forbidden:
        stop_all("agent", "refund", "enough", principal("ann"), office.ports)
    assert forbidden.value.kind is Kind.FORBIDDEN
    assert stop_all("agent", "refunds", "enough", OPERATOR, office.ports).order.acknowledged_at is not None


def test_an_agent_s_stop_is_lifted_also_when_the_agent_is_gone(office: Office) -> None:
    stop = stop_all("agent", "refunds", "enough", OPERATOR, office.ports).order.stop
    assert lift(stop, OPERATOR, replace(office.ports, agents={})).order.lifted_at is not None
    assert office.stops.of("acme") == ()


def test_where_no_tenant_operates_the_platform_nobody_stops_it(office: Office) -> None:
    with pytest.raises(Problem) as found:
        stop_all("platform", "", "enough", replace(DUTY, tenant=""), replace(office.ports, platform_tenant=""))
    assert found.value.kind is Kind.FORBIDDEN


def test_stopping_again_is_the_first_stop_whoever_orders_it(office: Office) -> None:
    run = office.start()
    first = stop(office, run)
    again = stop_run(run, "me too", principal("ann", "submitter"), office.ports)
    assert again.order == first.order
    office.clock.now += 1
    both = [stop_all("tenant", "", reason, OPERATOR, office.ports).order for reason in ("a", "b")]
    assert both[0] == both[1]
    assert [order.reason for order in listed(OPERATOR, office.ports)] == ["a", "enough"]


def test_a_stop_of_what_is_over_says_how_it_had_ended(office: Office) -> None:
    run = office.start()
    office.runs.close("acme", run, status="succeeded", ended_at=office.clock() + 3)
    office.ledger.close("acme", run)
    (found,) = stop(office, run).runs
    assert (found.state, found.status, found.ended_at) == ("over", "succeeded", office.clock() + 3)


def test_a_lifted_stop_lets_runs_start_and_leaves_the_stopped_ones(office: Office) -> None:
    run = office.start()
    stopped = stop_all("tenant", "", "enough", OPERATOR, office.ports)
    lifted = lift(stopped.order.stop, OPERATOR, office.ports)
    assert (lifted.order.lifted_by, lifted.order.lifted_at) == ("night-shift", office.clock())
    assert refused(office, run)
    assert not refused(office, office.start())
    assert lift(stopped.order.stop, OPERATOR, office.ports).order == lifted.order


def test_lifting_an_earlier_stop_leaves_the_one_that_stands(office: Office) -> None:
    earlier = stop_all("tenant", "", "enough", OPERATOR, office.ports).order.stop
    lift(earlier, OPERATOR, office.ports)
    office.clock.now += 1
    stop_all("tenant", "", "again", OPERATOR, office.ports)
    lift(earlier, OPERATOR, office.ports)
    with pytest.raises(Problem, match="again"):
        office.start()


def test_who_may_not_stop_may_not_lift(office: Office) -> None:
    everybody = stop_all("platform", "", "enough", DUTY, office.ports).order.stop
    with pytest.raises(Problem) as found:
        lift(everybody, OPERATOR, office.ports)
    assert found.value.kind is Kind.NOT_FOUND
    with pytest.raises(Problem) as found:
        lift(everybody, replace(DUTY, roles=frozenset({"auditor"})), office.ports)
    assert found.value.kind is Kind.NOT_FOUND, "its proof is for the operators of the platform"
    ours = stop(office, _started_before(office)).order.stop
    with pytest.raises(Problem) as found:
        lift(ours, OPERATOR, office.ports)
    assert found.value.kind is Kind.CONFLICT


def _started_before(office: Office) -> str:
    record = Run(tenant="acme", run="run-b", workflow="support", submitter="ann", digest="", created_at=1)
    office.runs.create(record)
    office.ledger.open(Branch(tenant="acme", run="run-b"), 5, now=office.clock())
    return "run-b"


def test_a_proof_is_seen_by_overseers_by_who_ordered_it_and_by_whose_run_it_is(office: Office) -> None:
    run = office.start()
    stopped = stop(office, run).order.stop
    for who in (OPERATOR, principal("eve", "auditor"), principal("ann", "submitter")):
        assert proof(stopped, who, office.ports).order.stop == stopped
    for who in (principal("eve", "submitter"), principal("eve", "operator", tenant="other")):
        with pytest.raises(Problem) as found:
            proof(stopped, who, office.ports)
        assert found.value.kind is Kind.NOT_FOUND


def test_a_stop_that_nobody_could_be_called_for_is_a_stop_all_the_same(office: Office) -> None:
    run = office.start()

    def unreachable(*_: str) -> None:
        raise OSError("no such function")

    stopped = stop_run(run, "enough", OPERATOR, replace(office.ports, reconcile=unreachable))
    assert stopped.order.acknowledged_at is not None
    assert refused(office, run)
    assert [one.stop for one in office.stop_records.unfinished()] == [stopped.order.stop]


class Lifting:
    """A ledger behind whose back the stop is lifted, and a run starts, before somebody looks a second time at what runs."""

    def __init__(self, office: Office) -> None:
        self._office, self._ledger, self._looks = office, office.ledger, 0
        self.late: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def running(self, tenant: str) -> Any:
        self._looks += 1
        if self._looks == len(("the first", "the second")):
            self._office.ledger = self._ledger
            (order,) = self._office.stop_records.listed("acme")
            lift(order.stop, OPERATOR, self._office.ports)
            self.late.append(self._office.start())
        return self._ledger.running(tenant)


def test_a_run_that_is_let_in_after_the_lift_is_not_marked(office: Office) -> None:
    before = office.start()
    office.ledger = lifting = Lifting(office)
    stop_all("tenant", "", "enough", OPERATOR, office.ports)
    (late,) = lifting.late
    assert refused(office, before)
    assert not refused(office, late)


class HeldUp:
    """A ledger whose marks come late: the run has ended by then, the stop is lifted, and the run's next attempt is let in."""

    def __init__(self, office: Office) -> None:
        self._office, self._ledger = office, office.ledger

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def _pass(self, run: str) -> None:
        self._ledger.close("acme", run)
        self._ledger.reopen(Branch(tenant="acme", run=run), 1_000, now=self._office.clock(), attempt=1)

    def stop(self, tenant: str, run: str, *given: Any, **named: Any) -> None:
        self._pass(run)
        self._ledger.stop(tenant, run, *given, **named)

    def halt(self, tenant: str, run: str, *given: Any, **named: Any) -> None:
        self._pass(run)
        self._ledger.halt(tenant, run, *given, **named)


@pytest.mark.parametrize(("scope", "name"), [("tenant", ""), ("agent", "refunds")])
def test_whoever_marks_late_marks_no_attempt_that_came_later(office: Office, scope: Any, name: str) -> None:
    run = office.start()
    office.ledger = HeldUp(office)
    stop_all(scope, name, "enough", OPERATOR, office.ports)
    account = office.ledger.account("acme", of_run(run))
    assert (account.attempt, account.stopped, dict(account.halted)) == (1, "", {})


def test_what_is_lifted_was_carried_out_before(office: Office) -> None:
    run = office.start()
    order = StopOrder(tenant="acme", stop="stp-1", scope="tenant", by="night-shift", reason="enough", at=office.clock())
    office.stop_records.put(order)
    assert lift("stp-1", OPERATOR, office.ports).order.acknowledged_at is not None
    assert refused(office, run), "whoever ordered it may have broken off"
