"""A session goes on: whoever comes by does what is due, however far the one before came. It never has two runs at once.

A lease names the run; the run's record decides whether it may be started. Who starts it claims the record first (``Runs.claim``), and who
gives it up refuses the record first (``Runs.refuse``): one of the two is too late. So a run that was given up is never started, however
late its worker, and one that was claimed is started before a message that comes stops it and the next one follows. Where somebody else's
stop comes between the claim and the start, the run is over without an execution, or with one that was aborted (``Gate.launch``).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from septet.core.entries import Recalled, Request
from septet.core.errors import BudgetExhausted, Fenced, Overloaded, RunStopped, SeptetError
from septet.core.frozen import frozen
from septet.core.journal import Branch, Clock, Journal, Pen, after
from septet.core.ledger import Ledger
from septet.core.runs import Run, Runs
from septet.core.sessions import QUEUED, RECALLED, Fate, Lease, Message, Session, Sessions
from septet.core.traces import of_run, within
from septet.integration import queueing, run_ids
from septet.integration.ending import NOT_STARTED, settled
from septet.integration.opening import Gate
from septet.integration.ports import Workflows
from septet.integration.queueing import Move
from septet.integration.recalling import EXCHANGES, history

MOVES = 40
"""Steps that one worker takes at most; the next one goes on."""
AGAIN_AFTER = 10_000
"""Milliseconds after which a message is tried again whose run was refused for now."""
PAGE = 100
"""Messages that are read at a time for those that a run is told of."""
_PASSING = (Overloaded.__name__, NOT_STARTED)
"""Refusals after which the message waits on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What a session's runs are started and stopped with."""

    sessions: Sessions
    runs: Runs
    journal: Journal
    """Reads an erased body as a gap."""
    workflows: Workflows
    clock: Clock
    ledger: Ledger
    gate: Gate
    stop: Callable[[Run, str], None] | None = None
    """Has a run stopped; None where that is not this worker's to do: then whoever comes by next does it, or the run ends by itself."""


@frozen
class _Standing:
    """A session that has a lease."""

    session: Session
    lease: Lease
    message: Message


def advance(tenant: str, name: str, stage: Stage) -> Session | None:
    """Take the session as far as it can go now, and return it as it stands; None when there is none. Repeating it is safe."""
    for _ in range(MOVES):
        session = stage.sessions.get(tenant, name)
        if session is None or (session.lease is None and not session.queue):
            return session
        if _moved(session, stage):
            continue
        return stage.sessions.get(tenant, name)
    return stage.sessions.get(tenant, name)


def follower(stage: Callable[[], Stage]) -> Callable[[Run], None]:
    """What the end of a run means for the session that it belongs to, if any."""

    def ended(run: Run) -> None:
        if run.session:
            advance(run.tenant, run.session, stage())

    return ended


def _moved(session: Session, stage: Stage) -> bool:
    """Whether there was something to do; a write that met another's counts: what stands has to be looked at anew."""
    lease = session.lease
    if lease is None:
        return _grant(session, stage)
    message = stage.sessions.message(session.tenant, session.session, lease.number)
    run = stage.runs.get(session.tenant, lease.run)
    if message is None:
        return _write(session, queueing.finish(session, None, "stopped", now=stage.clock()), stage)
    standing = _Standing(session=session, lease=lease, message=message)
    if run and run.status == "refused":
        return _refused(standing, run, stage)
    if run and run.execution:
        return _started(standing, run, stage)
    return _give_up(standing, stage) if lease.ending else _begin(standing, stage)


def _grant(session: Session, stage: Stage) -> bool:
    now = stage.clock()
    message = stage.sessions.message(session.tenant, session.session, session.queue[0].number)
    if message is None:
        raise AssertionError("a message in the queue is stored with it")
    return _write(session, queueing.grant(session, message, run_ids.fresh(now), now=now), stage)


def _write(session: Session, move: Move, stage: Stage) -> bool:
    stage.sessions.replace(session, move.session, move.messages)
    return True


def _record(standing: _Standing, stage: Stage) -> Run:
    session, lease, message, now = standing.session, standing.lease, standing.message, stage.clock()
    return Run(
        tenant=session.tenant,
        run=lease.run,
        workflow=session.workflow,
        submitter=session.principal,
        roles=message.roles,
        attended=message.attended,
        digest=message.digest,
        created_at=now,
        budget=message.budget,
        origin=lease.origin,
        session=session.session,
        trace=of_run(session.tenant, lease.run, now).header,
        link=_before(session, stage),
    )


def _before(session: Session, stage: Stage) -> str:
    """Where the run stands that answered in the session last; empty when none has."""
    said = next(iter(_recalled(session, stage)), None)
    run = stage.runs.get(session.tenant, said.run) if said and said.run else None
    return within(run.trace, run.tenant, run.run, run.attempt) if run else ""


def _begin(standing: _Standing, stage: Stage) -> bool:
    """Start the lease's run, or go on with starting it."""
    run = stage.runs.create(_record(standing, stage))
    try:
        stage.gate.admit(run)
    except (Overloaded, BudgetExhausted, RunStopped) as error:
        _refuse(run, error, stage)
        return True
    _tell(run, standing, stage, recall=True)
    execution = stage.workflows.execution(run.workflow, run.name)
    if not stage.runs.claim(run.tenant, run.run, execution):  # it was given up, and what was opened for it goes back
        stage.ledger.close(run.tenant, run.run, attempt=run.attempt)
        return True
    return _launch(run, stage)


def _launch(run: Run, stage: Stage) -> bool:
    """Start the execution of a run that was claimed; one of its name is there once, however often it is started.

    One that was stopped is not started any more: whoever reconciles the stop ends it. That it has no execution is certain only then.
    """
    try:
        stage.gate.heed(run)
    except RunStopped:
        return False
    with suppress(RunStopped):  # it was aborted: its record is closed like that of any execution that has ended
        stage.gate.launch(run, stage.workflows)
    return True


def _refuse(run: Run, error: SeptetError, stage: Stage) -> None:
    stage.runs.refuse(run.tenant, run.run, at=stage.clock(), error=type(error).__name__, message=str(error))


def _give_up(standing: _Standing, stage: Stage) -> bool:
    """See to it that the lease's run, which nobody has claimed so far, is never started. What was said stays in its journal."""
    run = stage.runs.create(_record(standing, stage))
    _tell(run, standing, stage, recall=False)
    _refuse(run, RunStopped("another message took its place"), stage)
    return True


def _tell(run: Run, standing: _Standing, stage: Stage, *, recall: bool) -> None:
    """Write what the run is asked to do, and what was said before it, unless somebody has."""
    session, message = standing.session, standing.message
    branch = Branch(tenant=session.tenant, run=standing.lease.run)
    written = list(stage.journal.read(branch))
    pen = Pen(journal=stage.journal, branch=branch, clock=stage.clock, head=after(written))
    try:
        if not written:
            asked = Request(workflow=session.workflow, input=message.input or {}, submitter=session.principal, trace=run.trace)
            pen.write(asked, labels=message.labels)
        if recall and pen.number == 1 and (told := _history(session, stage)):
            pen.write(told[0], labels=told[1])
    except Fenced:  # somebody else is at it, and writes the same
        return


def _history(session: Session, stage: Stage) -> tuple[Recalled, dict[str, str]] | None:
    if not session.told:
        return None
    return history(session.session, _recalled(session, stage), session.tenant, stage.journal, told=session.told)


def _recalled(session: Session, stage: Stage) -> list[Message]:
    """The latest messages that runs are told of, and as many more as others may have overtaken. A session has ``MESSAGES`` at most."""
    found: list[Message] = []
    before, wanted = session.count, min(session.told, EXCHANGES + QUEUED)
    while before > 0 and len(found) < wanted:
        page = stage.sessions.messages(session.tenant, session.session, before=before, limit=PAGE)
        found += [one for one in page if one.fate in RECALLED]
        before = page[-1].number if page else 0
    return found


def _refused(standing: _Standing, run: Run, stage: Stage) -> bool:
    """The lease's run will never begin: what was taken for it goes back, and its message waits on, or is over."""
    session, message = standing.session, standing.message
    stage.ledger.close(run.tenant, run.run, attempt=run.attempt)
    if run.error in _PASSING and not standing.lease.ending:
        at = stage.clock() + AGAIN_AFTER
        stage.sessions.replace(session, (move := queueing.put_back(session, message, at=at)).session, move.messages)
        return False
    return _write(session, queueing.finish(session, message, "refused", now=stage.clock(), error=run.error), stage)


def _started(standing: _Standing, run: Run, stage: Stage) -> bool:
    """The lease's run was claimed: it has an execution, or will have one before anything else happens."""
    session, lease, message = standing.session, standing.lease, standing.message
    if run.status == "running" and stage.workflows.state(run.execution) is None:
        return _launch(run, stage)
    run = settled(run, stage.runs, stage.workflows, stage.clock)
    if run.status != "running":
        return _write(session, queueing.finish(session, message, _fate(run), now=run.ended_at or stage.clock(), error=run.error), stage)
    if not lease.begun:
        return _write(session, queueing.begun(session, message, now=stage.clock()), stage)
    if not lease.ending or stage.stop is None:
        return False
    stage.stop(run, f"{lease.ending} for another message of session {session.session}")
    return settled(run, stage.runs, stage.workflows, stage.clock).status != "running"


def _fate(run: Run) -> Fate:
    match run.status:
        case "succeeded" | "failed" | "stopped" | "timed_out" | "refused":
            return run.status
    raise AssertionError("a run that runs has no fate")
