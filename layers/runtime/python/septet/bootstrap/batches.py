"""What works through a batch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from septet.bootstrap.accounts import ledger
from septet.bootstrap.api import ports
from septet.bootstrap.callees import executions
from septet.bootstrap.journals import gapped, journal
from septet.bootstrap.settings import now
from septet.bootstrap.stores import file_contents, files, rows, runs, waits

if TYPE_CHECKING:
    from septet.orchestration.batches.preparing import Preparing
    from septet.orchestration.batches.requests import Batch
    from septet.orchestration.batches.results import Writing
    from septet.orchestration.batches.working import Working
    from septet.orchestration.following import Follower


def batch(tenant: str, run: str) -> "Batch":
    """The batch that *run* is."""
    from septet.orchestration.batches.requests import requested

    return requested(tenant, run, runs=runs(), journal=journal())


def preparing(workflows: Mapping[str, Any]) -> "Preparing":
    """Whoever reads the file of a batch, over the *workflows* that the synth wrote."""
    from septet.integration.ports import declarations
    from septet.orchestration.batches.preparing import Preparing

    return Preparing(files=files(), contents=file_contents(), rows=rows(), declared=declarations(workflows))


def working(workflows: Mapping[str, Any]) -> "Working":
    """Whoever has a row of a batch done."""
    from septet.orchestration.batches.working import Working

    return Working(ports=ports(workflows, {}), ended=row_ended())


def writing() -> "Writing":
    """Whoever writes the results of a batch."""
    from septet.orchestration.batches.results import Writing

    return Writing(files=files(), contents=file_contents(), rows=rows(), runs=runs(), journal=gapped(), ledger=ledger(), clock=now)


def row_ended() -> "Follower":
    """Who wakes the batch of a row whose run has ended."""
    from septet.orchestration.batches.working import Ended

    return Ended(rows=rows(), waits=waits(), executions=executions())
