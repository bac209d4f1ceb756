"""What lets sessions go on."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.accounts import ledger, stops
from septet.bootstrap.callees import machines
from septet.bootstrap.journals import gapped
from septet.bootstrap.settings import now, settings
from septet.bootstrap.stores import runs, sessions

if TYPE_CHECKING:
    from septet.integration.advancing import Stage
    from septet.integration.opening import Gate
    from septet.orchestration.following import Follower


@cache
def stage() -> "Stage":
    """What the runs of sessions are started with."""
    from septet.integration.advancing import Stage

    return Stage(
        sessions=sessions(),
        runs=runs(),
        journal=gapped(),
        workflows=machines(),
        clock=now,
        ledger=ledger(),
        gate=gate(),
    )


def gate() -> "Gate":
    """What decides whether a run may begin."""
    from septet.integration.opening import Gate

    return Gate(ledger=ledger(), runs=runs(), stops=stops(), capacity=int(settings().concurrent_runs), clock=now)


def session_ended() -> "Follower":
    """Who lets the session of a run that has ended go on."""
    from septet.aws.advance import LambdaAdvance
    from septet.aws.clients import functions

    return LambdaAdvance(settings().advancer, functions)
