"""Notes the token of the execution that waits beside the question, and wakes it at once when the decision is there already."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import accounts, callees, stores
from septet.core.errors import InputRejected
from septet.core.journal import MAIN, Branch
from septet.core.waits import for_approval
from septet.entry.guard import guarded
from septet.orchestration.waiting import wait
from septet.security.delivery import deliver


@guarded
def handler(event: Mapping[str, Any], _: object) -> None:
    """Take ``{"tenant", "run", "approval", "token"}`` and, where it is not ``main`` that asks, its ``branch``.

    Raises RunStopped when the run, or the branch, is stopped: then nobody is waited for.
    """
    branch = Branch(tenant=event["tenant"], run=event["run"], path=event.get("branch", MAIN))
    wait(branch, for_approval(event["approval"]), event["token"], waits=stores.waits(), ledger=accounts.ledger())
    approval = stores.approvals().wait(event["tenant"], event["approval"], event["token"])
    if approval is None:
        raise InputRejected(f"there is no approval {event['approval']}")
    deliver(approval, stores.approvals(), callees.executions())
