"""What is sent and what is answered. The OpenAPI document is made of these and of those by subject beside them; every answer is one."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from septet.core.money import DOLLARS, microdollars

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2025-11-22T21:35:00.123Z"])]
"""RFC 3339 in UTC, with milliseconds."""


def _whole(value: Any) -> Any:
    """A query's text as a number, if it is written as JSON writes a whole one; anything else is left to be refused."""
    digits = value.removeprefix("-") if isinstance(value, str) else ""
    plain = digits.isdecimal() and len(digits) <= 12 and str(int(digits)) == digits  # noqa: PLR2004 -- above any bound here
    return int(value) if plain else value


def _integer(value: Any) -> Any:
    """A body's number as a whole one, if it is: to JSON Schema ``8.0`` is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _switch(value: Any) -> Any:
    """A query's text as a truth value, written as JSON writes it."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


WHOLE = BeforeValidator(_whole)
"""Of a whole number in a query."""
INTEGER = BeforeValidator(_integer)
"""Of a whole number in a body."""
SWITCH = BeforeValidator(_switch)
"""Of a truth value in a query."""


def _dollars(value: Any) -> Any:
    """*value* if it is dollars as text; a number is refused in the same words, which say what to send."""
    try:
        microdollars(value if isinstance(value, str) else "")
    except ValueError as error:
        raise PydanticCustomError("dollars", "{told}", {"told": str(error)}) from error
    return value


def without_default(schema: dict[str, Any]) -> None:
    """Take out a default that stands for nothing given, and cannot be sent."""
    schema.pop("default", None)


def _described(schema: dict[str, Any]) -> None:
    schema["pattern"] = DOLLARS  # pydantic's own patterns cannot look ahead
    without_default(schema)


Dollars = Annotated[str, BeforeValidator(_dollars), Field(json_schema_extra=_described, examples=["0.25"])]
"""An amount of money as it is asked for, empty when it is not. What is answered is in whole micro-dollars."""

_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _day(value: Any) -> Any:
    """*value* if it is written as a day is, whether there is such a day or not."""
    if not isinstance(value, str) or not re.fullmatch(_DAY, value):
        raise PydanticCustomError("day", "is no day: write a day as 2026-11-23")
    return value


def _dated(schema: dict[str, Any]) -> None:
    schema |= {"pattern": _DAY, "format": "date"}
    without_default(schema)


Day = Annotated[str, BeforeValidator(_day), Field(json_schema_extra=_dated)]
"""A day of UTC as it is asked for, empty when it is not."""


class Strict(BaseModel):
    """Unknown fields and other types are refused, on the way in and on the way out."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FieldError(Strict):
    """One thing to put right."""

    field: str
    message: str


class Problem(Strict):
    """Why a request was not done (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[FieldError] | None = None
