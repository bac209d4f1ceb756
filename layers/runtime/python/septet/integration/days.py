"""Days (UTC) that people ask about."""

from datetime import UTC, date, datetime, timedelta

from septet.integration.problems import invalid

DAYS = 92
"""In one question: a quarter of a year."""
USUAL = 7
"""Days of a question that does not say since when."""
_DAY = 86_400_000
"""Milliseconds."""


def span(since: str, until: str, now: int) -> tuple[date, date]:
    """The first and the last day of a question: as in ISO 8601, and empty where it does not say. Raises Problem ``INVALID``."""
    last = day("to", until) if until else datetime.fromtimestamp(now // 1000, UTC).date()
    first = day("from", since) if since else last - timedelta(days=min(USUAL, last.toordinal()) - 1)
    if first > last:
        raise invalid("from", f"is {first}, after the last day, {last}: give an earlier one, or a later to")
    if (last - first).days >= DAYS:
        raise invalid("from", f"asks for {(last - first).days + 1} days: ask for {DAYS} at most, and for more in several questions")
    return first, last


def day(field: str, text: str) -> date:
    """The day that *text* is. Raises Problem ``INVALID``, naming the *field*."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise invalid(field, "is no day: give one like 2026-11-23, in UTC") from error


def begins(one: date) -> int:
    """The first millisecond of a day, since the epoch."""
    return (one - date(1970, 1, 1)).days * _DAY


def ends(one: date) -> int:
    """Its last."""
    return begins(one) + _DAY - 1
