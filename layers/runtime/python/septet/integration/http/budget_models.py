"""Limits and money as they are sent and answered."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from septet.integration.http.models import Dollars, Strict


class BudgetChange(Strict):
    """Limits of the tenant to set, in dollars. What is left out stays as it is; each may be at most the one before it."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    day: Annotated[Dollars, Field(description="all runs that are started on one day (UTC)")] = ""
    run: Annotated[Dollars, Field(description="the most that one run may ask for")] = ""
    usual: Annotated[Dollars, Field(description="what a run gets that asks for nothing")] = ""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("nothing", "names no limit: give day, run or usual")
        return self


class Limits(Strict):
    """A tenant's limits."""

    day_microdollars: int
    run_microdollars: int
    usual_microdollars: int


class Today(Strict):
    """A tenant's account of one day."""

    date: Annotated[str, Field(json_schema_extra={"format": "date"}, description="in UTC")]
    limit_microdollars: int
    spent_microdollars: int
    reserved_microdollars: Annotated[int, Field(description="held by runs that are not closed")]
    available_microdollars: int


class Budget(Strict):
    """What a tenant may spend."""

    limits: Limits
    today: Today
