"""Replays as people meet them: ordering one, seeing how far it is, having one go on that stalled.

The order is written first, then whoever carries it out is called; so an order that broke off in between is carried out when it is repeated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from septet.core.errors import Fenced
from septet.core.replays import LAST, MOST, Going, Missed, Replay
from septet.integration import run_ids
from septet.integration.ports import Ports, Principal
from septet.integration.problems import Kind, Problem, invalid
from septet.integration.rights import OPERATORS, require, require_platform
from septet.integration.submitting import KEY, KEY_FIELD

TRIES = 10
"""How often a replay is let in anew when others are at the same moment; each time one of them was, so few tries find any room left."""
AGAIN_SECONDS = 120
"""A portion takes three minutes; the command line waits for no more than a minute before it says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which runs are to be projected again; what is empty is any, but not all of it is."""

    since: str = ""
    """A day (UTC) or a time, as in ISO 8601: runs that went on then or began later."""
    tenant: str = ""
    """Of the operator's own, where it is empty."""
    run: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a replay is, and the runs of which something could not be told."""

    replay: Replay
    missed: tuple[Missed, ...] = ()


def order(wanted: Wanted, key: str | None, principal: Principal, ports: Ports) -> Progress:
    """Have runs projected again. The same *key* again is the same replay, which goes on if it did not.

    Raises Problem: ``FORBIDDEN``, for another tenant to all but operators of the platform; ``INVALID`` for a run that is not there, a
    time that is none, and a key that was used for something else; ``OVERLOADED`` when ``MOST`` of those of the principal's tenant go on.
    """
    require(principal, OPERATORS, "replay runs")
    of = wanted.tenant or principal.tenant
    if of != principal.tenant:
        require_platform(principal, ports.platform_tenant, "replay another tenant's runs")
    if wanted.run and ports.runs.get(of, wanted.run) is None:
        raise invalid("run", f"there is no run {wanted.run}")
    now = ports.clock()
    asked = Replay(
        tenant=principal.tenant,
        replay=_id(run_ids.fresh(now)) if key is None else _keyed(principal, key, ports),
        by=principal.subject,
        at=now,
        of=of,
        since=_moment(wanted.since) if wanted.since else 0,
        run=wanted.run,
        before=(now, LAST),
        touched_at=now,
    )
    stands = _let_in(lambda: _get(asked, ports) or ports.replays.create(asked, _room(asked, ports)))
    if stands.order != asked.order:
        raise invalid(KEY_FIELD, "was used before for another replay: repeat that one, or take a new key")
    return _called(stands, ports)


def progress(name: str, principal: Principal, ports: Ports) -> Progress:
    """How far a replay is. Raises Problem ``FORBIDDEN``, and ``NOT_FOUND`` also for one that another tenant ordered."""
    require(principal, OPERATORS, "see a replay")
    return _shown(_found(name, principal, ports), ports)


def resume(name: str, principal: Principal, ports: Ports) -> Progress:
    """Have a replay go on that stalled, or that nobody goes on with; one that has finished stays so.

    Raises Problem as ``progress``, and ``OVERLOADED`` for one that stalled, or did not come on for a day, while ``MOST`` others go on.
    """
    require(principal, OPERATORS, "have a replay go on")

    def attempt() -> Replay:
        found = _found(name, principal, ports)
        if found.status == "finished" or found.going(ports.clock()):  # or somebody else had it go on at the same moment
            return found
        return ports.replays.resume(found.resumed(ports.clock()), _room(found, ports))

    return _called(_let_in(attempt), ports)


def _let_in(attempt: Callable[[], Replay]) -> Replay:
    """What *attempt* returns, made anew when something is not as it was."""
    for _ in range(TRIES):
        try:
            return attempt()
        except Fenced:
            continue
    raise Problem(Kind.UNAVAILABLE, "others order replays at the same moment: nothing was ordered, try again", retry_after=1)


def _room(replay: Replay, ports: Ports) -> Going:
    """Who goes on, once *replay* does too. Raises Problem ``OVERLOADED``."""
    going = ports.replays.going(replay.tenant)
    found = [ports.replays.get(replay.tenant, name) for name in going.replays if name != replay.replay]
    others = [one.replay for one in found if one and one.going(ports.clock())]
    if len(others) >= MOST:
        detail = f"{MOST} replays go on that your tenant's operators ordered ({', '.join(others)}): this one can when one of them is over"
        raise Problem(Kind.OVERLOADED, detail, retry_after=AGAIN_SECONDS)
    return Going(replays=(*others, replay.replay), version=going.version)


def _called(replay: Replay, ports: Ports) -> Progress:
    """The replay, with whoever goes on with it called, unless it is over. Of two who are called, one ends."""
    if replay.status == "running":
        ports.replay(replay.tenant, replay.replay)
    return _shown(replay, ports)


def _shown(replay: Replay, ports: Ports) -> Progress:
    return Progress(replay=replay, missed=ports.replays.missed(replay.tenant, replay.replay) if replay.failed else ())


def _get(replay: Replay, ports: Ports) -> Replay | None:
    return ports.replays.get(replay.tenant, replay.replay)


def _found(name: str, principal: Principal, ports: Ports) -> Replay:
    found = ports.replays.get(principal.tenant, name)
    if found is None:
        raise Problem(Kind.NOT_FOUND, f"there is no replay {name}; they are kept for 30 days")
    return found


def _keyed(principal: Principal, key: str, ports: Ports) -> str:
    """The id for *key*; when the secret was changed since, the one that it got then. No key of a run has a blank in it."""
    if not KEY.fullmatch(key):
        raise invalid(KEY_FIELD, "must be 1 to 255 visible ASCII characters")
    present, *before = (_id(run_ids.keyed(principal, f"replay {key}", secret)) for secret in ports.id_keys())
    return next((name for name in before if ports.replays.get(principal.tenant, name)), present)


def _id(run: str) -> str:
    return "rpl-" + run.removeprefix("run-")


def _moment(text: str) -> int:
    """Milliseconds since the epoch of a day or a time; a day begins in UTC. Raises Problem ``INVALID``."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:  # the latter for what is in no year from 1 to 9999 in UTC
        raise invalid("since", "is no day and no time: give 2026-11-23 or 2026-11-23T10:00:00Z") from error
    return max(0, int(moment.timestamp() * 1000))
