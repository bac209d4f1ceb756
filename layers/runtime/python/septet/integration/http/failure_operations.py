"""What the API can tell of failures."""

from typing import cast

from septet.integration import failing
from septet.integration.days import DAYS, USUAL
from septet.integration.http import failure_models as models
from septet.integration.http import views
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.ports import Ports
from septet.observability.failures import Group, Kind


def _failures(call: Call, ports: Ports) -> Reply:
    query: models.FailuresQuery = call.query
    found = failing.failures(query.since, query.until, query.workflow, call.principal, ports)
    answer = models.Failures(
        since=found.since.isoformat(),
        until=found.until.isoformat(),
        count=found.count,
        groups=[_group(one) for one in found.groups],
        counted_from=views.maybe(found.counted_from),
    )
    return Reply(answer=answer)


def _group(one: Group) -> models.FailureGroup:
    return models.FailureGroup(
        kind=cast("Kind", one.kind),
        error=one.error,
        workflow=one.workflow,
        agent=one.agent,
        count=one.count,
        cost_microdollars=one.cost,
        flagged=one.flagged,
        first=views.moment(one.first),
        last=views.moment(one.last),
        runs=list(one.runs),
    )


OPERATIONS = (
    Operation(
        id="getFailures",
        method="GET",
        path="/v1/failures",
        summary=f"See why runs did not succeed, alike ones together, on {DAYS} days at most; without any, on the last {USUAL}",
        act=_failures,
        answer=models.Failures,
        query=models.FailuresQuery,
    ),
)
