"""Notes the token of the execution that waits beside the question, and wakes it at once when the decision is there already."""

from collections.abc import Mapping
from typing import Any

from septet import bootstrap
from septet.core.errors import InputRejected
from septet.entry.guard import guarded
from septet.security.delivery import deliver


@guarded
def handler(event: Mapping[str, Any], _: object) -> None:
    """Take ``{"tenant", "run", "approval", "token"}``; the run is there for whoever looks at the invocation."""
    approval = bootstrap.approvals().wait(event["tenant"], event["approval"], event["token"])
    if approval is None:
        raise InputRejected(f"there is no approval {event['approval']}")
    deliver(approval, bootstrap.approvals(), bootstrap.executions())
