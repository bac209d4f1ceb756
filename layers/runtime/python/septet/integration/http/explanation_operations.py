"""What the API can do about why a run went as it did."""

from septet.integration.explaining import explained
from septet.integration.http import explanation_models as models
from septet.integration.http import explanation_views as views
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.ports import Ports


def _explain(call: Call, ports: Ports) -> Reply:
    query: models.ExplanationQuery = call.query
    found = explained(call.name, call.principal, ports, values=query.after < 0)
    return Reply(answer=views.explanation(found, after=query.after, limit=query.limit))


OPERATIONS = (
    Operation(
        id="explainRun",
        method="GET",
        path="/v1/runs/{run}/explanation",
        summary="See why each step of a run happened, and where its values come from",
        act=_explain,
        answer=models.Explanation,
        query=models.ExplanationQuery,
    ),
)
