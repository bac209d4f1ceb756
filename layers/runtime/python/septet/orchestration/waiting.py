"""Waiting with a task token, so that whoever stops the run finds it."""

from septet.core.journal import MAIN, Branch
from septet.core.ledger import Ledger, of_branch, of_run
from septet.core.waits import Waits
from septet.security.effects import check_account


def wait(branch: Branch, what: str, token: str, *, waits: Waits, ledger: Ledger) -> None:
    """Note that an execution of *branch*'s run waits for *what* with *token*. Raises RunStopped when either is stopped or has ended.

    The token is noted before the stop is looked at, and a stop is written before tokens are read: of two at once, one sees the other.
    """
    waits.put(branch.tenant, branch.run, what, token)
    check_account(branch, ledger.account(branch.tenant, of_run(branch.run)))
    if branch.path != MAIN:
        check_account(branch, ledger.account(branch.tenant, of_branch(branch.run, branch.path)))
