"""What the API can do with a tenant's limits."""

from septet.core.money import microdollars
from septet.integration import budgets, reading
from septet.integration.http import budget_models as models
from septet.integration.http import views
from septet.integration.http.operation import Call, Operation, Reply
from septet.integration.http.pages import page
from septet.integration.http.run_models import HistoryQuery, JournalPage
from septet.integration.ports import Ports


def _history(call: Call, ports: Ports) -> Reply:
    query: HistoryQuery = call.query
    part = reading.Part(after=query.after, limit=query.limit, sealed=query.sealed)
    return page(reading.limits(call.principal, ports, part=part), sealed=query.sealed)


def _budget(call: Call, ports: Ports) -> Reply:
    return Reply(answer=views.budget(budgets.standing(call.principal, ports)))


def _set_budget(call: Call, ports: Ports) -> Reply:
    asked: models.BudgetChange = call.body
    wanted = {name: microdollars(getattr(asked, name)) for name in asked.model_fields_set}
    return Reply(answer=views.budget(budgets.change(wanted, call.principal, ports)))


OPERATIONS = (
    Operation(
        id="getBudget", method="GET", path="/v1/budget", summary="See the tenant's limits and its day", act=_budget, answer=models.Budget
    ),
    Operation(
        id="setBudget",
        method="PUT",
        path="/v1/budget",
        summary="Change the tenant's limits",
        act=_set_budget,
        answer=models.Budget,
        body=models.BudgetChange,
        conflicts="Others are changing limits at the same moment",
    ),
    Operation(
        id="readBudgetHistory",
        method="GET",
        path="/v1/budget/history",
        summary="Read who changed which limit",
        act=_history,
        answer=JournalPage,
        query=HistoryQuery,
    ),
)
