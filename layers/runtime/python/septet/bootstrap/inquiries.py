"""Questions to somebody outside."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.accounts import ledger
from septet.bootstrap.callees import executions
from septet.bootstrap.journals import journal
from septet.bootstrap.settings import now
from septet.bootstrap.stores import inquiries, runs, waits

if TYPE_CHECKING:
    from septet.orchestration.inquiring import Inquirer


@cache
def inquirer() -> "Inquirer":
    """Whoever asks somebody outside, and hears how that ended."""
    from septet.orchestration.inquiring import Inquirer

    return Inquirer(
        journal=journal(),
        runs=runs(),
        ledger=ledger(),
        inquiries=inquiries(),
        waits=waits(),
        executions=executions(),
        clock=now,
    )
