"""What parts a run into branches and joins them."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.accounts import ledger
from septet.bootstrap.callees import executions
from septet.bootstrap.journals import journal
from septet.bootstrap.settings import now
from septet.bootstrap.stores import runs, waits

if TYPE_CHECKING:
    from septet.orchestration.claiming import Claimer
    from septet.orchestration.comparing import Comparer
    from septet.orchestration.ends import Ends
    from septet.orchestration.parting import Parter
    from septet.orchestration.resolution import Resolver


@cache
def parter() -> "Parter":
    """Whoever parts a run into branches."""
    from septet.orchestration.parting import Parter

    return Parter(journal=journal(), ledger=ledger(), runs=runs(), clock=now)


@cache
def resolver() -> "Resolver":
    """Whoever makes one answer of what branches found."""
    from septet.orchestration.resolution import Resolver

    return Resolver(journal=journal(), ends=_ends(), clock=now)


@cache
def claimer() -> "Claimer":
    """Whoever says which branch was first to have a good answer."""
    from septet.orchestration.claiming import Claimer

    return Claimer(journal=journal(), ledger=ledger(), ends=_ends(), waits=waits(), executions=executions(), clock=now)


@cache
def comparer() -> "Comparer":
    """Whoever shows the branches' answers to a judge."""
    from septet.orchestration.comparing import Comparer

    return Comparer(parter=parter(), ends=_ends())


def _ends() -> "Ends":
    from septet.orchestration.ends import Ends

    return Ends(journal=journal(), ledger=ledger())
