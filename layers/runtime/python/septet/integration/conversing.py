"""Sessions as the API has them: begin one, say something in it, see how it stands, close it, delete it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from septet.core.journal import Branch
from septet.core.runs import Run
from septet.core.sessions import Message, Session
from septet.integration import queueing, run_ids
from septet.integration.advancing import Stage, advance
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, invalid
from septet.integration.queueing import Move, SessionBusy, SessionFull, Unwelcome
from septet.integration.recalling import did
from septet.integration.rights import OVERSEERS, SUBMITTERS, require
from septet.integration.saying import Saying, declared, message
from septet.integration.stopping import stop_run
from septet.integration.submitting import KEY, KEY_FIELD

ATTEMPTS = 100
"""How often a change is tried anew because others changed the session at the same moment: each time, one of them succeeded."""
SHOWN = 50
"""Messages that are shown at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """How a message stands."""

    message: Message
    place: int
    """How many runs come before its own; 0 when it has begun, or is over."""
    effects: Sequence[Mapping[str, Any]] = ()
    """What the run that was ended for it had done in the world: that stays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A session and its latest messages."""

    session: Session
    messages: tuple[Message, ...]
    """The latest first."""


def stage(ports: Ports) -> Stage:
    """What the API starts and stops a session's runs with."""

    def stop(run: Run, why: str) -> None:
        stop_run(run.run, why, Principal(tenant=run.tenant, subject=run.submitter, roles=SUBMITTERS), ports)

    return Stage(
        sessions=ports.sessions,
        runs=ports.runs,
        journal=ports.journal,
        workflows=ports.workflows,
        clock=ports.clock,
        ledger=ports.ledger,
        gate=ports.gate,
        stop=stop,
    )


def begin(workflow: str, key: str | None, principal: Principal, ports: Ports) -> Session:
    """A new session; the one of before for a key that was used. Raises Problem: ``FORBIDDEN``, or ``INVALID`` for what is not known."""
    require(principal, SUBMITTERS, "begin a session")
    declared(workflow, ports)
    now = ports.clock()
    name = _named(principal, key, ports) if key is not None else _session_id(run_ids.fresh(now))
    fresh = Session(tenant=principal.tenant, session=name, workflow=workflow, principal=principal.subject, created_at=now)
    session = ports.sessions.create(fresh)
    if session.workflow != workflow or session.deleted:
        raise invalid(KEY_FIELD, "was used before for another session: take a new key")
    return session


def say(name: str, saying: Saying, principal: Principal, ports: Ports) -> Said:
    """Take the message, and let the session go on. A message with a key that was used is the one of before.

    Raises Problem: ``NOT_FOUND``; ``INVALID`` for an input that the workflow does not accept, or a key that was used for something else;
    ``CONFLICT`` when it was to be rejected and another run runs, when the session is closed, or when its run may not be started;
    ``EXHAUSTED`` when too many wait, or the day's budget is used up.
    """
    require(principal, SUBMITTERS, "say something in a session")
    session = _mine(name, principal, ports)
    asked = message(saying, session, principal, ports)
    known = ports.sessions.keyed(session.tenant, name, asked.key)
    number = (known or _taken(session, asked, ports)).number
    if known and known.digest != asked.digest:
        raise invalid(KEY_FIELD, "was used before with another message: repeat that one, or take a new key")
    advance(session.tenant, name, stage(ports))
    said = found(name, number, principal, ports)
    if said.message.fate == "refused":
        raise _refused(said.message)
    return said


def found(name: str, number: int, principal: Principal, ports: Ports) -> Said:
    """How message *number* stands. Raises Problem ``NOT_FOUND``."""
    session = seen(name, principal, ports)
    message = ports.sessions.message(session.tenant, name, number)
    if message is None:
        raise Problem(Kind.NOT_FOUND, f"there is no message {number} in {name}")
    places = [place.number for place in session.queue]
    before = places.index(number) + (session.lease is not None) if number in places else 0
    effects = did(ports.journal.read(Branch(tenant=session.tenant, run=message.over))) if message.over else ()
    return Said(message=message, place=before, effects=effects)


def show(name: str, principal: Principal, ports: Ports, *, before: int | None, limit: int) -> Shown:
    """The session as it stands, gone on as far as it can. Raises Problem ``NOT_FOUND``."""
    seen(name, principal, ports)
    advance(principal.tenant, name, stage(ports))
    session = seen(name, principal, ports)
    until = session.count if before is None else min(before, session.count)
    return Shown(session=session, messages=ports.sessions.messages(session.tenant, name, before=until, limit=limit))


def close(name: str, principal: Principal, ports: Ports, *, delete: bool = False) -> Session:
    """Take no messages any more. What waits is withdrawn; what runs goes on, but for a session that is to be deleted.

    Raises Problem ``NOT_FOUND``. Closing it again is the same.
    """
    require(principal, SUBMITTERS, "close a session")
    for _ in range(ATTEMPTS):
        session = _mine(name, principal, ports)
        waiting = tuple(found for one in session.queue if (found := ports.sessions.message(session.tenant, name, one.number)))
        if not session.open and not waiting and session.deleted >= delete:
            return session
        if _stored(session, queueing.close(session, waiting, now=ports.clock(), deleted=delete), ports):
            return advance(session.tenant, name, stage(ports)) or session
    raise _contended()


def seen(name: str, principal: Principal, ports: Ports) -> Session:
    """The session. Raises Problem ``NOT_FOUND`` also for one that is none of the principal's business, and for one that was deleted."""
    session = ports.sessions.get(principal.tenant, name)
    theirs = session and (session.principal == principal.subject or principal.roles & OVERSEERS)
    if session is None or not theirs or session.deleted:
        raise Problem(Kind.NOT_FOUND, f"there is no session {name}")
    return session


def _mine(name: str, principal: Principal, ports: Ports) -> Session:
    session = ports.sessions.get(principal.tenant, name)
    if session is None or session.principal != principal.subject or session.deleted:
        raise Problem(Kind.NOT_FOUND, f"there is no session {name} of yours")
    return session


def _taken(session: Session, asked: Message, ports: Ports) -> Message:
    """The message under its number. Whether anything runs is looked up first: an end that nobody has told is an end."""
    for _ in range(ATTEMPTS):
        if session.lease or session.queue:
            session = advance(session.tenant, session.session, stage(ports)) or session
        try:
            move = queueing.arrive(session, asked, now=ports.clock())
        except Unwelcome as error:
            if known := ports.sessions.keyed(session.tenant, session.session, asked.key):
                return known
            raise _unwelcome(error) from error
        if _stored(session, move, ports):
            return move.messages[0]
        if known := ports.sessions.keyed(session.tenant, session.session, asked.key):
            return known
        session = ports.sessions.get(session.tenant, session.session) or session
    raise _contended()


def _stored(session: Session, move: Move, ports: Ports) -> bool:
    return ports.sessions.replace(session, move.session, move.messages)


def _named(principal: Principal, key: str, ports: Ports) -> str:
    """The id for *key*; when the secret was changed since, the one that it got then. No key of a run has a blank in it."""
    if not KEY.fullmatch(key):
        raise invalid(KEY_FIELD, "must be 1 to 255 visible ASCII characters")
    present, *before = (_session_id(run_ids.keyed(principal, f"session {key}", secret)) for secret in ports.id_keys())
    return next((name for name in before if ports.sessions.get(principal.tenant, name)), present)


def _session_id(run: str) -> str:
    return "ses-" + run.removeprefix("run-")


def _unwelcome(error: Unwelcome) -> Problem:
    if isinstance(error, SessionFull):
        return Problem(Kind.EXHAUSTED, str(error), retry_after=10)
    if isinstance(error, SessionBusy):
        return Problem(Kind.CONFLICT, f"{error}: wait for it, or send the message with if_busy enqueue, interrupt or rollback")
    return Problem(Kind.CONFLICT, str(error))


def _refused(message: Message) -> Problem:
    detail = f"the message was taken back, since its run may not be started: {message.error}"
    return Problem(Kind.EXHAUSTED if message.error == "BudgetExhausted" else Kind.CONFLICT, detail)


def _contended() -> Problem:
    return Problem(Kind.UNAVAILABLE, "others change the session at this moment: try again", retry_after=1)
