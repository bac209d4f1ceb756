"""Restarting: a run that failed, timed out or was stopped goes on from the agent that failed, with all that it has found.

The run's record decides which attempt it is; everything after that write can be repeated, by whoever restarts it at the same moment, or
after a crash. The new execution goes through the same workflow: turns that have ended say so at once, and effects meet their records.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from septet.core.entries import Answer, Entry, Failure, Forked, HandOver, Restarted, Stop
from septet.core.errors import BudgetExhausted, Fenced, Overloaded, RunStopped, StoreUnavailable
from septet.core.journal import Branch, Pen, after
from septet.core.money import dollars
from septet.core.runs import RESTARTABLE, Run
from septet.integration.ending import settled
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, invalid
from septet.integration.reading import record
from septet.integration.rights import SUBMITTERS, require
from septet.integration.submitting import refusal

TAKERS_UP = frozenset({"operator", "admin"})
"""Roles that restart or fork runs of others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """How the run is to go on."""

    turns: tuple[str, ...] = ()
    """Which turns begin again; none for those that the run failed in."""
    budget: int | None = None
    """Micro-dollars of today's; None for what the run had."""


def restart(name: str, wanted: Wanted, principal: Principal, ports: Ports) -> Run:
    """Let the run go on, and return its record. Of two restarts at once, one is; asked again while it runs, it is the same.

    Raises Problem: ``NOT_FOUND``; ``FORBIDDEN``; ``INVALID`` for a turn that cannot begin again, or too large a budget; ``CONFLICT`` for a
    run that has not failed, was erased, is of a session or a batch, or is covered by a standing stop; ``EXHAUSTED``; ``UNAVAILABLE`` while
    the end of the attempt before is not settled.
    """
    run = own(name, principal, ports, "restart a run")
    run = settled(run, ports.runs, ports.workflows, ports.clock)
    if run.status == "running" and run.attempt:
        return _go_on(run, run, wanted, principal, ports)
    _may_go_on(run)
    _known(run, wanted, ports)
    attempt = run.attempt + 1
    execution = ports.workflows.execution(run.workflow, f"{run.run}.{attempt}")
    ports.runs.restart(run.tenant, run.run, attempt=attempt, at=ports.clock(), execution=execution)
    present = ports.runs.get(run.tenant, run.run) or run
    if present.status != "running":
        raise _contended(run)
    return _go_on(present, run, wanted, principal, ports)


def own(name: str, principal: Principal, ports: Ports, act: str) -> Run:
    """The record of a run that *principal* may take up: their own, or as an operator any of the tenant's. Raises Problem."""
    require(principal, SUBMITTERS, act)
    run = record(name, principal, ports)
    if run.submitter != principal.subject:
        require(principal, TAKERS_UP, f"{act} of somebody else")
    return run


def uncancelled(run: Run) -> None:
    """Pass a run that nobody cancelled. What a cancelled one did is undone, or was to be; only its journal says which. Raises Problem."""
    if run.cancelled_by:
        raise Problem(
            Kind.CONFLICT,
            f"{run.run} was cancelled: its journal says what of it was undone (turn undo), and what was not stays done; submit it again",
        )


def _may_go_on(run: Run) -> None:
    if run.status not in RESTARTABLE:
        raise Problem(Kind.CONFLICT, f"{run.run} is {run.status}: only a run that failed, timed out or was stopped can be restarted")
    uncancelled(run)
    if run.erased_at is not None:
        raise Problem(Kind.CONFLICT, f"the content of {run.run} was erased: nobody goes on from half a history")
    if run.session:
        raise Problem(Kind.CONFLICT, f"{run.run} is of the session {run.session}, which has gone on: say it there again")
    if run.parent:
        raise Problem(Kind.CONFLICT, f"{run.run} was started by {run.parent}: restart that one")


def _go_on(run: Run, before: Run, wanted: Wanted, principal: Principal, ports: Ports) -> Run:
    """Open the accounts, say in the journal which turns begin again, and start the execution; *before* is how the run had ended."""
    budget = _budget(run, wanted, ports)
    try:
        ports.gate.readmit(run, budget)
    except (BudgetExhausted, Overloaded, RunStopped, StoreUnavailable) as error:
        _take_back(run, before, ports)
        if isinstance(error, StoreUnavailable):
            raise Problem(Kind.UNAVAILABLE, f"the run cannot go on yet: {error}", retry_after=60) from error
        raise refusal(error, ports.clock()) from error
    if not ports.runs.claim(run.tenant, run.run, run.execution, attempt=run.attempt):  # refused to somebody else at the same moment
        ports.ledger.close(run.tenant, run.run, attempt=run.attempt)
        raise _contended(run)
    for path in run.branches:
        _say(run, path, wanted, principal, ports)
    try:
        ports.gate.launch(run, ports.workflows)
    except RunStopped as error:
        raise refusal(error, ports.clock()) from error
    return run


def _take_back(run: Run, before: Run, ports: Ports) -> None:
    """The record as it was, but for the number of the attempt, unless somebody else was let in with that one and goes on."""
    if before.status != "running" and before.ended_at is not None:
        ports.runs.take_back(before, attempt=run.attempt)


def _contended(run: Run) -> Problem:
    return Problem(Kind.CONFLICT, f"others change {run.run} at this moment: look how it stands")


def _budget(run: Run, wanted: Wanted, ports: Ports) -> int:
    most = ports.ledger.budgets(run.tenant).run
    if wanted.budget is not None and wanted.budget > most:
        raise invalid("budget", f"is more than a run may have: ask for {dollars(most)} at most, or have an administrator raise it")
    return run.budget if wanted.budget is None else wanted.budget


def _say(run: Run, path: str, wanted: Wanted, principal: Principal, ports: Ports) -> None:
    """Write into one branch that it goes on, unless somebody has."""
    branch = Branch(tenant=run.tenant, run=run.run, path=path)
    while True:
        entries = list(ports.journal.read(branch))
        latest = next((entry.body for entry in reversed(entries) if isinstance(entry.body, Restarted | Forked)), None)
        if isinstance(latest, Restarted) and latest.attempt >= run.attempt:
            return
        turns = taken_up(entries, wanted.turns)
        if path != "main" and not turns and not any(isinstance(entry.body, Stop) for entry in entries):
            return
        pen = Pen(journal=ports.journal, branch=branch, clock=ports.clock, head=after(entries))
        try:
            pen.write(Restarted(turns=turns, by=principal.subject, attempt=run.attempt))
        except Fenced:
            continue
        return


def _known(run: Run, wanted: Wanted, ports: Ports) -> None:
    """Raise Problem for a turn that cannot begin again."""
    able = {
        turn for path in run.branches for turn, end in _ends(_entries(run, path, ports)).items() if not isinstance(end, Answer | HandOver)
    }
    for place, turn in enumerate(wanted.turns):
        if turn not in able:
            raise invalid(f"turns.{place}", f"is no turn that failed or broke off; those are: {', '.join(sorted(able)) or 'none'}")


def _entries(run: Run, path: str, ports: Ports) -> Iterable[Entry]:
    return ports.journal.read(Branch(tenant=run.tenant, run=run.run, path=path))


def taken_up(entries: Iterable[Entry], wanted: Iterable[str]) -> tuple[str, ...]:
    """Which turns of a branch begin again: those *wanted* that are here; if none is wanted, those that broke off, or else the last to fail.

    Others that failed before it have been taken over, and stay as they are.
    """
    ends = _ends(entries)
    unanswered = [turn for turn, end in ends.items() if not isinstance(end, Answer | HandOver)]
    if named := tuple(wanted):
        return tuple(turn for turn in unanswered if turn in named)
    return tuple(turn for turn in unanswered if ends[turn] is None) or tuple(unanswered[-1:])


def _ends(entries: Iterable[Entry]) -> Mapping[str, Answer | HandOver | Failure | None]:
    """Each turn of a branch with how it ended, the one that ended last at the end."""
    found: dict[str, Answer | HandOver | Failure | None] = {}
    for entry in entries:
        match entry.body:
            case Answer() | HandOver() | Failure():
                found.pop(entry.turn, None)
                found[entry.turn] = entry.body
            case Restarted(turns=turns):
                found |= dict.fromkeys(turns)
            case _ if entry.turn:
                found.setdefault(entry.turn, None)
    return found
