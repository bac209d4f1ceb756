"""Has the gateway undo what a run did."""

from collections.abc import Mapping
from typing import Any

from septet.bootstrap import gateway, stores
from septet.entry.guard import guarded
from septet.orchestration.compensating import compensate


@guarded
def handler(event: Mapping[str, Any], _: object) -> Mapping[str, Any]:
    """Take ``{"tenant", "run"}`` and, to undo nothing unless somebody cancelled the run, ``"only": "cancelled"`` with the ``execution``.

    The outcome is ``undone``, ``again`` (ask again in a while), ``unsettled``, or ``kept``: nobody cancelled it, nor can any more.
    """
    only, execution = event.get("only", ""), event.get("execution", "")
    tenant, run, undoer = event["tenant"], event["run"], gateway.undoer()
    return compensate(tenant, run, only=only, execution=execution, runs=stores.runs(), gateway=undoer)
