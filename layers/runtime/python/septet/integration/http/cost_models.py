"""What runs have cost, as it is asked for and answered."""

from typing import Annotated

from pydantic import Field

from septet.integration.http.models import WHOLE, Day, Strict
from septet.integration.spending import By

_DATE = {"format": "date"}


class CostsQuery(Strict):
    """Which costs, and how to sum them."""

    since: Annotated[Day, Field(alias="from", description="the first day, in UTC")] = ""
    until: Annotated[Day, Field(alias="to", description="the last day; today if it is left out")] = ""
    by: Annotated[
        By, Field(description="what the sums are told apart by; `tenant`, of every tenant, is for the tenant that operates the platform")
    ] = "workflow"
    workflow: Annotated[str, Field(max_length=100, description="only this one's")] = ""
    limit: Annotated[
        int, Field(ge=1, le=1000, description="records that are summed for one answer: a branch has one for each day"), WHOLE
    ] = 1000
    cursor: Annotated[str, Field(min_length=1, max_length=500, description="`next` of the page before")] | None = None


class Figures(Strict):
    """What some calls came to."""

    cost_microdollars: Annotated[int, Field(description="as the ledger settled it")]
    platform_microdollars: Annotated[
        int, Field(description="estimated by list prices, beside the cost: what runs used of the platform itself")
    ]
    endpoint_microdollars: Annotated[
        int, Field(description="of the platform's: what model calls took of instances that are paid by the hour, as SageMaker's endpoints")
    ]
    model_calls: Annotated[int, Field(description="those that brought a reply and were paid for")]
    tokens_in: Annotated[int, Field(description="read, from providers' caches too")]
    tokens_out: int
    tokens_cached: Annotated[int, Field(description="of those read, the ones from a provider's cache")]


class CostSum(Figures):
    """What one run, agent, workflow, model, day or tenant came to."""

    name: Annotated[str, Field(description="empty for the platform itself, by agent or model")]


class Costs(Strict):
    """Sums of the records that were read; when there is a next page, its sums are to be added to these by name."""

    since: Annotated[str, Field(json_schema_extra=_DATE, description="the first day, in UTC")]
    until: Annotated[str, Field(json_schema_extra=_DATE, description="the last day")]
    sums: Annotated[list[CostSum], Field(description="the dearest first; days in their order")]
    total: Figures
    next: Annotated[str | None, Field(description="`cursor` of the next page; null when all records were read")]
