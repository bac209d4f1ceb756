"""What ends runs, and who hears that one has ended."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.accounts import ledger
from septet.bootstrap.batches import row_ended
from septet.bootstrap.callees import executions, machines
from septet.bootstrap.journals import journal, unread
from septet.bootstrap.routing import learner
from septet.bootstrap.sessions import session_ended
from septet.bootstrap.settings import now, pause, settings
from septet.bootstrap.stores import runs, stop_records, unsealed, waits

if TYPE_CHECKING:
    from septet.orchestration.following import Follower
    from septet.orchestration.reconciling import Reconciler
    from septet.orchestration.sweeping import Sweeper


def followers() -> "tuple[Follower, ...]":
    """Those that are told when a run has ended."""
    return (row_ended(), learner().follow, session_ended())


@cache
def sweeper() -> "Sweeper":
    """Whoever settles for workers that are gone; of the journal it reads what entries cost, no large bodies."""
    from septet.orchestration.sweeping import Sweeper

    return Sweeper(
        ledger=ledger(),
        journal=unread(),
        runs=runs(),
        unsealed=unsealed(),
        workflows=machines(),
        clock=now,
        followers=followers(),
    )


def reconciler() -> "Reconciler":
    """Whoever aborts what a stop covers; of the journal it reads where branches end, no large bodies. Made anew for each invocation."""
    from septet.aws.clients import client
    from septet.aws.happened import DynamoEffected
    from septet.orchestration.reconciling import Reconciler

    return Reconciler(
        records=stop_records(),
        ledger=ledger(),
        runs=runs(),
        waits=waits(),
        workflows=machines(),
        executions=executions(),
        journal=unread(),
        heads=journal(),
        effected=DynamoEffected(client("dynamodb"), settings().effects_table),
        unsealed=unsealed(),
        followers=followers(),
        clock=now,
        pause=pause,
    )
