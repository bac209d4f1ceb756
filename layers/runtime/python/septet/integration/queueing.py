"""How a session changes: pure functions, each from what stands to what is to stand. Whoever stores it stores all of it, or nothing."""

from copy import replace

from septet.core.frozen import frozen
from septet.core.sessions import MESSAGES, QUEUED, RECALLED, Fate, Lease, Message, Place, Session

SOON = 30_000
"""Milliseconds after which somebody looks whether a session goes on whose worker may be gone."""


@frozen
class Move:
    """What is to stand afterwards."""

    session: Session
    messages: tuple[Message, ...] = ()
    """Those that change."""


class Unwelcome(Exception):  # noqa: N818 -- an answer, not an error
    """A message is not taken. ``str`` says why, in a sentence."""


class SessionBusy(Unwelcome):
    """It was not to wait, and ``run`` runs, or will."""

    def __init__(self, run: str) -> None:
        super().__init__(f"{run} runs in this session" if run else "other messages wait in this session")
        self.run = run


class SessionFull(Unwelcome):
    """As many wait, or were taken, as a session may have."""


class SessionClosed(Unwelcome):
    """It takes no messages any more."""


def arrive(session: Session, message: Message, *, now: int) -> Move:
    """*message* in the queue, under the session's next number. Raises Unwelcome."""
    if not session.open:
        raise SessionClosed("the session is closed")
    if session.count >= MESSAGES:
        raise SessionFull(f"the session has had {MESSAGES} messages: begin another one")
    busy = session.lease is not None or bool(session.queue)
    if busy and message.busy == "reject":
        raise SessionBusy(session.lease.run if session.lease else "")
    if len(session.queue) >= QUEUED:
        raise SessionFull(f"{QUEUED} messages wait in this session: try again when some were answered")
    placed = replace(session, count=session.count + 1, due=now + SOON)
    taken, place = replace(message, number=session.count, at=now), Place(number=session.count)
    if not busy or message.busy not in {"interrupt", "rollback"}:
        return _move(replace(placed, queue=(*placed.queue, place)), taken)
    over = session.lease.run if session.lease else ""
    return _move(_urgently(placed, place, forget=message.busy == "rollback"), replace(taken, over=over))


def _urgently(session: Session, place: Place, *, forget: bool) -> Session:
    """With *place* before all that is not urgent, and what runs to be ended for it."""
    lease, origin = session.lease, ""
    if lease:
        lease = replace(lease, ending="forgotten" if forget or lease.ending == "forgotten" else "interrupted")
        origin = (lease.origin or lease.run) if forget else ""  # who asks for something else asks for all of it
    before = (one for one in session.queue if one.urgent)
    after = (one for one in session.queue if not one.urgent)
    return replace(session, lease=lease, queue=(*before, replace(place, urgent=True, origin=origin), *after))


def grant(session: Session, message: Message, run: str, *, now: int) -> Move:
    """The first message of the queue, which *message* is, may have *run*."""
    first, *rest = session.queue
    fence = session.fence + 1
    lease = Lease(fence=fence, number=first.number, run=run, origin=first.origin, urgent=first.urgent)
    granted = replace(session, lease=lease, fence=fence, queue=tuple(rest), due=now + SOON)
    return _move(granted, replace(message, fate="running", run=run, fence=fence))


def begun(session: Session, message: Message, *, now: int) -> Move:
    """The lease's run has an execution: its journal has what the message said."""
    lease = session.lease and replace(session.lease, begun=True)
    return _move(replace(session, lease=lease, due=now + SOON if lease and lease.ending else 0), replace(message, input=None))


def put_back(session: Session, message: Message, *, at: int) -> Move:
    """The lease's run was refused for now, and never began: its message is the first again, and is looked at *at*."""
    lease = session.lease
    if lease is None:
        raise AssertionError("there is no run to put back")
    place = Place(number=lease.number, urgent=lease.urgent, origin=lease.origin)
    return _move(replace(session, lease=None, queue=(place, *session.queue), due=at), replace(message, fate="queued"))


def finish(session: Session, message: Message | None, fate: Fate, *, now: int, error: str = "") -> Move:
    """The lease's run has ended, or never will begin. An answer that came before an interruption stands."""
    lease = session.lease
    if lease and (lease.ending == "forgotten" or (lease.ending and fate != "succeeded")):
        fate = lease.ending
    told = session.told + (fate in RECALLED)
    ended = replace(session, lease=None, told=told, due=now + SOON if session.queue else 0)
    changed = (replace(message, fate=fate, ended_at=now, error=error, input=None),) if message else ()
    return _move(ended, *changed)


def close(session: Session, waiting: tuple[Message, ...], *, now: int, deleted: bool = False) -> Move:
    """No message is taken any more, and those *waiting* are withdrawn; of a session that is *deleted*, the run is ended too."""
    lease = session.lease
    if lease and deleted:
        lease = replace(lease, ending=lease.ending or "interrupted")
    due = now + SOON if lease and lease.ending else 0
    closed = replace(session, open=False, deleted=session.deleted or deleted, lease=lease, queue=(), due=due)
    return _move(closed, *(replace(one, fate="withdrawn", ended_at=now, input=None) for one in waiting))


def _move(session: Session, *messages: Message) -> Move:
    return Move(session=replace(session, version=session.version + 1), messages=messages)
