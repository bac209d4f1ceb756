from datetime import UTC, datetime, timedelta

import pytest

from local.cli.moments import when

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "form"),
    [(timedelta(), "%H:%M:%S"), (timedelta(days=3), "%m-%d %H:%M"), (timedelta(days=400), "%Y-%m-%d %H:%M")],
)
def test_a_time_of_another_day_or_year_keeps_its_hour(ago: timedelta, form: str) -> None:
    moment = NOW - ago
    assert when(moment.isoformat(), now=NOW.timestamp()) == f"{moment.astimezone():{form}}"
