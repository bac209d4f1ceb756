"""A run that has failed goes on from the agent that failed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from septet.core.entries import Answer, Failure, ModelCall, Restarted, Stop
from septet.core.errors import Overloaded, StoreUnavailable
from septet.core.journal import Branch, Head, Pen, verify
from septet.core.ledger import Budgets, of_branch
from septet.core.stops import Standing
from septet.integration.cancelling import cancel
from septet.integration.forking import Wanted as Different
from septet.integration.forking import fork
from septet.integration.problems import Kind, Problem
from septet.integration.restarting import Wanted, restart, taken_up
from septet.integration.stopping import stop_run
from septet.integration.submitting import Submission, submit
from tests.unit.integration.conftest import Office, principal

ANN, OPERATOR = principal(), principal("night", "operator")


def failed(office: Office, status: Any = "failed", **rest: Any) -> str:
    """A run whose second agent has failed."""
    run = office.start()
    office.write(run, Answer(value={"route": "orders"}), agent="triage")
    office.write(run, Failure(error="ToolFailed", message="it fell"), agent="orders")
    over(office, run, status, **rest)
    return run


def over(office: Office, run: str, status: Any = "failed", **rest: Any) -> None:
    office.end(run, status, **rest)
    record = office.runs.get("acme", run)
    office.runs.close("acme", run, status=status, ended_at=office.clock() + 5, error=rest.get("error", ""))
    office.ledger.close("acme", record.run)


def again(office: Office, run: str, who: Any = ANN, **wanted: Any) -> Any:
    return restart(run, Wanted(**wanted), who, office.ports)


def restarts(office: Office, run: str, path: str = "main") -> list[Restarted]:
    found = [entry.body for entry in office.journal.read(Branch(tenant="acme", run=run, path=path))]
    return [body for body in found if isinstance(body, Restarted)]


def turns(office: Office, *bodies: tuple[str, Any]) -> list[Any]:
    run = office.start()
    for turn, body in bodies:
        office.write(run, body, agent=turn)
    found = list(office.journal.read(Branch(tenant="acme", run=run)))
    return [replace(entry, turn=entry.agent) for entry in found]


def test_a_failed_run_goes_on_as_another_attempt_with_its_accounts_open_and_a_word_in_its_journal(office: Office) -> None:
    run = failed(office)
    found = again(office, run)
    assert (found.status, found.attempt, found.name) == ("running", 1, f"{run}.1")
    assert office.workflows.state(found.execution).status == "running"
    assert office.workflows.inputs[found.execution] == {"tenant": "acme", "run": run, "workflow": "support"}
    assert not office.ledger.account("acme", of_branch(run)).ended
    assert [(body.turns, body.by, body.attempt) for body in restarts(office, run)] == [(("t-1",), "ann", 1)]
    assert verify(office.journal.read(Branch(tenant="acme", run=run))) == []


def test_the_turn_that_failed_last_begins_again_and_those_that_were_taken_over_stay(office: Office) -> None:
    bad, good = Failure(error="ToolFailed", message=""), Answer(value=1)
    history = turns(office, ("triage", good), ("refunds", bad), ("other", good), ("writer", bad))
    assert taken_up(history, ()) == ("writer",)
    assert taken_up(history, ("refunds", "writer", "triage")) == ("refunds", "writer")
    broke_off = turns(office, ("refunds", bad), ("writer", ModelCall(model="m", step=0)))
    assert taken_up(broke_off, ()) == ("writer",)


@pytest.mark.parametrize("status", ["failed", "timed_out", "stopped"])
def test_only_what_ended_badly_is_restarted(office: Office, status: Any) -> None:
    assert again(office, failed(office, status)).attempt == 1
    for other in ("succeeded",):
        with pytest.raises(Problem) as refused:
            again(office, failed(office, other))
        assert refused.value.kind is Kind.CONFLICT
    with pytest.raises(Problem, match="is running"):
        again(office, office.start())


def test_of_two_restarts_at_once_one_is(office: Office) -> None:
    run = failed(office)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: again(office, run), range(8)))
    assert {one.attempt for one in found} == {1}
    assert len(restarts(office, run)) == 1
    assert [name for name in office.workflows.states if name.endswith((".1", ".2"))] == [found[0].execution]
    assert office.ledger.account("acme", f"run/{run}").limit == found[0].budget


def test_a_restart_that_broke_off_goes_on_when_it_is_repeated(office: Office) -> None:
    run = failed(office)

    class Broken:
        def __getattr__(self, name: str) -> Any:
            return getattr(office.workflows, name)

        def start(self, *_: Any, **__: Any) -> str:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        restart(run, Wanted(), ANN, replace(office.ports, workflows=Broken()))
    found = again(office, run)
    assert office.workflows.state(found.execution).status == "running"
    assert (found.attempt, len(restarts(office, run))) == (1, 1)


def test_a_run_that_failed_again_can_be_restarted_again_with_more_money(office: Office) -> None:
    run = failed(office)
    again(office, run)
    office.write(run, Failure(error="BudgetExhausted", message=""), agent="orders")
    over(office, run)
    found = again(office, run, budget=2_000_000)
    assert (found.attempt, [body.attempt for body in restarts(office, run)]) == (2, [1, 2])
    assert office.ledger.account("acme", of_branch(run)).available == 2_000_000


def test_nothing_is_restarted_while_a_stop_stands(office: Office) -> None:
    run = failed(office, "stopped")
    office.stops.put("acme", Standing(scope="tenant", by="boss", reason="wait", at=office.clock()))
    with pytest.raises(Problem, match="was stopped by boss") as refused:
        again(office, run)
    assert refused.value.kind is Kind.CONFLICT
    record = office.runs.get("acme", run)
    assert (record.status, restarts(office, run)) == ("stopped", [])
    office.stops.lift("acme", "tenant")
    assert again(office, run).status == "running"


def test_a_run_that_is_stopped_while_it_is_restarted_does_not_go_on(office: Office) -> None:
    """The stop comes between the record of the restart and the accounts."""
    run, ordered = failed(office), []
    ledger = office.ledger

    class Late:
        def __getattr__(self, name: str) -> Any:
            return getattr(ledger, name)

        def reopen(self, *given: Any, **named: Any) -> bool:
            ordered.append(stop_run(run, "enough", OPERATOR, office.ports))
            opened: bool = ledger.reopen(*given, **named)
            return opened

    with pytest.raises(Problem, match="was stopped by night: enough"):
        restart(run, Wanted(), ANN, replace(office.ports, ledger=Late()))
    assert [one.run for one in ordered[0].runs] == [run]
    assert (office.runs.get("acme", run).status, office.ledger.running("acme")) == ("failed", ())
    assert again(office, run).attempt == 2, "that one nobody has stopped"


class Between:
    """The ledger, where something happens just before or after accounts are opened again."""

    def __init__(self, office: Office, *, before: Any = None, after: Any = None) -> None:
        self._ledger, self._before, self._after = office.ledger, before, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def reopen(self, *given: Any, **named: Any) -> bool:
        if self._before:
            self._before()
        opened: bool = self._ledger.reopen(*given, **named)
        if self._after:
            self._after()
        return opened


def test_a_restart_that_is_refused_takes_nothing_back_from_one_that_was_let_in(office: Office) -> None:
    """Both restart the same attempt; the other one comes through while this one is told that it cannot."""
    run = failed(office)

    def other() -> None:
        assert again(office, run).attempt == 1
        raise Overloaded("too much")

    with pytest.raises(Problem) as refused:
        restart(run, Wanted(), ANN, replace(office.ports, ledger=Between(office, before=other)))
    assert refused.value.kind is Kind.OVERLOADED
    record = office.runs.get("acme", run)
    assert (record.status, record.attempt, office.workflows.state(record.execution).status) == ("running", 1, "running")
    assert [one.run for one in office.ledger.running("acme")] == [run]


def test_a_restart_that_was_let_in_starts_nothing_once_another_has_taken_the_attempt_back(office: Office) -> None:
    run = failed(office)
    before = office.runs.get("acme", run)
    ports = replace(office.ports, ledger=Between(office, after=lambda: office.runs.take_back(before, attempt=1)))
    with pytest.raises(Problem) as refused:
        restart(run, Wanted(), ANN, ports)
    assert refused.value.kind is Kind.CONFLICT
    record = office.runs.get("acme", run)
    assert (record.status, record.error, record.ended_at) == (before.status, before.error, before.ended_at)
    assert [name for name in office.workflows.states if name.endswith(".1")] == []
    assert office.ledger.running("acme") == ()
    assert restarts(office, run) == []
    assert again(office, run).attempt == 2


def test_a_repeated_restart_that_is_refused_leaves_the_run_in_the_list(office: Office) -> None:
    """A stop that lists what runs afterwards would not find it."""
    run = failed(office)
    again(office, run)
    office.stops.put("acme", Standing(scope="tenant", by="boss", reason="wait", at=office.clock()))
    with pytest.raises(Problem, match="was stopped by boss"):
        again(office, run)
    assert [one.run for one in office.ledger.running("acme")] == [run]


def test_a_stop_that_comes_while_a_restart_is_repeated_leaves_the_run_in_the_list(office: Office) -> None:
    run = failed(office)
    again(office, run)
    ledger = office.ledger

    class Late:
        def __getattr__(self, name: str) -> Any:
            return getattr(ledger, name)

        def reopen(self, *given: Any, **named: Any) -> bool:
            office.stops.put("acme", Standing(scope="tenant", by="boss", reason="wait", at=office.clock()))
            opened: bool = ledger.reopen(*given, **named)
            return opened

    with pytest.raises(Problem, match="was stopped by boss"):
        restart(run, Wanted(), ANN, replace(office.ports, ledger=Late()))
    assert [one.run for one in ledger.running("acme")] == [run]


@pytest.mark.parametrize("stopped", [False, True], ids=["failed", "stopped"])
def test_a_restart_closes_the_accounts_that_nobody_has_and_opens_them_with_what_is_asked_for(office: Office, *, stopped: bool) -> None:
    """The event of the end is late, or was lost."""
    run = office.start(budget=1_000)
    office.write(run, Failure(error="BudgetExhausted", message=""), agent="orders")
    if stopped:
        office.ledger.stop("acme", run, "an old stop")
    office.end(run, "stopped" if stopped else "failed")
    assert again(office, run, budget=2_000_000).attempt == 1
    account = office.ledger.account("acme", of_branch(run))
    assert (account.limit, account.stopped, account.attempt) == (2_000_000, "", 1)


def test_a_refused_restart_leaves_the_run_as_it_had_ended(office: Office) -> None:
    run = failed(office, error="ToolFailed")
    office.ledger.set_budgets("acme", Budgets(day=0, run=10**9, usual=1), now=office.clock())
    with pytest.raises(Problem) as refused:
        again(office, run)
    assert refused.value.kind is Kind.EXHAUSTED
    assert (office.runs.get("acme", run).status, office.runs.get("acme", run).error) == ("failed", "ToolFailed")


def test_a_run_whose_last_call_is_not_settled_is_restarted_later(office: Office) -> None:
    run = failed(office)

    class Unsettled:
        def __getattr__(self, name: str) -> Any:
            return getattr(office.ledger, name)

        def reopen(self, *_: Any, **__: Any) -> Any:
            raise StoreUnavailable("a call may still be under way")

    with pytest.raises(Problem) as later:
        restart(run, Wanted(), ANN, replace(office.ports, ledger=Unsettled()))
    assert later.value.kind is Kind.UNAVAILABLE
    assert office.runs.get("acme", run).status == "failed"


def test_a_turn_that_cannot_begin_again_is_named(office: Office) -> None:
    run = office.start()
    office.write(run, Answer(value=1), agent="triage")
    over(office, run)
    with pytest.raises(Problem, match="no turn that failed"):
        again(office, run, turns=("t-1",))
    with pytest.raises(Problem, match="at most"):
        again(office, run, budget=10**12)


def test_people_restart_their_own_runs_and_operators_all(office: Office) -> None:
    run = failed(office)
    for who in (principal("bob"), principal("boss", "operator", tenant="other")):
        with pytest.raises(Problem) as unknown:
            again(office, run, who)
        assert unknown.value.kind is Kind.NOT_FOUND
    for role in ("approver", "auditor"):
        with pytest.raises(Problem) as forbidden:
            again(office, run, principal("eve", role))
        assert forbidden.value.kind is Kind.FORBIDDEN
    assert again(office, run, OPERATOR).attempt == 1


def test_a_stopped_branch_is_told_as_well(office: Office) -> None:
    run = failed(office, "stopped")
    office.runs.part("acme", run, ("s-0", "s-1"))
    for path in ("s-0", "s-1"):
        branch = Branch(tenant="acme", run=run, path=path)
        pen = Pen(journal=office.journal, branch=branch, clock=office.clock, head=Head(), agent="s", turn=path)
        pen.write(Answer(value=1) if path == "s-0" else Stop(by="boss", reason=""))
    again(office, run)
    assert [len(restarts(office, run, path)) for path in ("s-0", "s-1")] == [0, 1]


@pytest.mark.parametrize(("field", "value"), [("session", "ses-1"), ("parent", "run-0"), ("erased_at", 5)])
def test_runs_that_belong_elsewhere_or_are_erased_are_not_restarted(office: Office, field: str, value: Any) -> None:
    run = failed(office)
    office.runs.records["acme", run] = replace(office.runs.get("acme", run), **{field: value})
    with pytest.raises(Problem) as refused:
        again(office, run)
    assert refused.value.kind is Kind.CONFLICT


@pytest.mark.parametrize("status", ["failed", "timed_out", "stopped"])
def test_a_run_that_was_cancelled_is_neither_restarted_nor_forked_however_it_ended(office: Office, status: Any) -> None:
    run = submit(Submission(workflow="undoing", input={"message": "Reserve it."}), ANN, office.ports).run
    office.write(run, Failure(error="RunCancelled", message=""), agent="orders")
    cancel(run, "the customer left", ANN, office.ports)
    over(office, run, status, error="RunCancelled")
    before = len(office.workflows.states)
    for go_on in (lambda: again(office, run), lambda: fork(run, Different(at="t-1"), ANN, office.ports)):
        with pytest.raises(
            Problem, match=r"was cancelled: its journal says what of it was undone .*, and what was not stays done"
        ) as refused:
            go_on()
        assert refused.value.kind.status == 409
    record = office.runs.get("acme", run)
    assert (record.status, record.attempt, restarts(office, run)) == (status, 0, [])
    assert len(office.workflows.states) == before
