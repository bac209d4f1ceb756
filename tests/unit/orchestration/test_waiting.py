import pytest

from septet.core.errors import InputRejected, RunStopped
from septet.core.journal import Branch
from septet.local.ledger import MemoryLedger
from septet.local.waits import MemoryWaits
from septet.orchestration.waiting import wait

RUN = Branch(tenant="acme", run="run-1")
TOKEN = "token-1"


def test_who_waits_is_noted() -> None:
    waits, ledger = MemoryWaits(), MemoryLedger()
    ledger.open(RUN, 100, now=1)
    wait(RUN, "approval/a", TOKEN, waits=waits, ledger=ledger)
    assert waits.find("acme", "run-1", "approval/a") == TOKEN


def test_a_stopped_run_waits_for_nobody_and_its_token_can_be_failed() -> None:
    waits, ledger = MemoryWaits(), MemoryLedger()
    ledger.open(RUN, 100, now=1)
    ledger.stop("acme", "run-1", "enough")
    with pytest.raises(RunStopped, match="enough"):
        wait(RUN, "approval/a", TOKEN, waits=waits, ledger=ledger)
    assert waits.find("acme", "run-1", "approval/a") == TOKEN


def test_a_run_without_an_account_waits_for_nobody() -> None:
    with pytest.raises(InputRejected):
        wait(RUN, "approval/a", TOKEN, waits=MemoryWaits(), ledger=MemoryLedger())
