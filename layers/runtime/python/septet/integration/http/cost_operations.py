"""What the API can do about what runs have cost."""

from typing import Any

from septet.integration import spending
from septet.integration.days import DAYS, USUAL
from septet.integration.http import cost_models as models
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.ports import Ports
from septet.integration.spending import Question, Sum


def _costs(call: Call, ports: Ports) -> Reply:
    query: models.CostsQuery = call.query
    question = Question(
        by=query.by,
        since=query.since,
        until=query.until,
        workflow=query.workflow,
        limit=query.limit,
        cursor=query.cursor,
    )
    found = spending.asked(question, call.principal, ports)
    sums = [models.CostSum(name=one.name, **_figures(one)) for one in found.sums]
    total = models.Figures(**_figures(found.total))
    return Reply(answer=models.Costs(since=found.since, until=found.until, sums=sums, total=total, next=found.next))


def _figures(found: Sum) -> dict[str, Any]:
    return {
        "cost_microdollars": found.cost,
        "platform_microdollars": found.estimated,
        "endpoint_microdollars": found.endpoint,
        "model_calls": found.calls,
        "tokens_in": found.input,
        "tokens_out": found.output,
        "tokens_cached": found.cached,
    }


OPERATIONS = (
    Operation(
        id="getCosts",
        method="GET",
        path="/v1/costs",
        summary=f"Sum up what the tenant's runs have cost, on {DAYS} days at most; without any, on the last {USUAL}",
        act=_costs,
        answer=models.Costs,
        query=models.CostsQuery,
    ),
)
