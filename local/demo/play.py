"""Playing one case: submitted, followed, approved where a person is asked, and looked up in the books."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from local.cli.api import Api
from local.cli.follow import follow
from local.cli.outcomes import CommandFailed
from local.cli.screen import Screen
from local.demo.cases import APPROVER, WORKFLOW, Case
from local.demo.payments import Tables
from local.demo.verdict import Played

REASON = "The return was checked at the desk"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a case is played on."""

    customer: Callable[[str], Api]
    """A client that speaks for this principal, a submitter."""
    desk: Api
    """A client that speaks for the approver."""
    tables: Tables
    console: Console
    patience: float
    """Seconds that one run may be waited for."""
    sleep: Callable[[float], None]


def play(case: Case, stage: Stage) -> Played:
    """Play *case* to its end. Raises CommandFailed when the platform refuses something, or takes too long."""
    left_before = stage.tables.left(case.order)
    approved: list[str] = []
    with stage.customer(case.principal) as api:
        run = api.submit(WORKFLOW, {"message": case.message}, key=str(uuid.uuid4()))["id"]
        with Screen(stage.console) as screen:
            for seen in follow(api, run, wait=_patient(stage)):
                screen.show(seen)
                for approval in set(seen.run["approvals"]) - {*approved}:
                    stage.console.print(Text(f"{'':8} the demo approves through the API, as {APPROVER}", style="yellow"))
                    stage.desk.decide(approval, decision="approve", reason=REASON)
                    approved.append(approval)
    books = stage.tables.books(run=run, order=case.order)
    return Played(case=case, run=seen.run, failed=screen.failed, approved=tuple(approved), books=books, left_before=left_before)


def _patient(stage: Stage) -> Callable[[float], None]:
    """A wait that gives up when its patience is used up, by the platform's looks too, which it holds."""
    began, slept = time.monotonic(), 0.0

    def wait(seconds: float) -> None:
        nonlocal slept
        slept += seconds
        if max(slept, time.monotonic() - began) > stage.patience:
            raise CommandFailed("the run takes too long", fix="look at it: septet runs, septet watch RUN; the logs are in .twin/logs")
        stage.sleep(seconds)

    return wait
