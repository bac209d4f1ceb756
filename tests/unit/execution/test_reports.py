from typing import Any

import pytest

from septet.core.money import Usage
from septet.execution.reports import MOST_TOKENS, arguments, too_long, usage


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"in": 0, "out": 0}, (Usage(), True)),
        ({"in": 1, "out": 2, "hit": 3}, (Usage(input=1, output=2, cache_read=3), True)),
        ({"in": 1, "out": 2, "hit": None}, (Usage(input=1, output=2), True)),
        ({"in": MOST_TOKENS, "out": 2}, (Usage(input=MOST_TOKENS, output=2), True)),
        ({"in": MOST_TOKENS + 1, "out": 2}, (Usage(), False)),
        ({"in": 1}, (Usage(), False)),
        ({"in": 1, "out": -2}, (Usage(), False)),
        ({"in": 1, "out": 2, "hit": "three"}, (Usage(), False)),
        ({"in": 1, "out": True}, (Usage(), False)),
        ({"in": 1, "out": float("nan")}, (Usage(), False)),
        (None, (Usage(), False)),
    ],
)
def test_usage_is_what_was_reported_or_unknown(figures: Any, expected: tuple[Usage, bool]) -> None:
    assert usage(figures, input="in", output="out", cache_read="hit") == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ("", {}),
        (" \n", {}),
        ("[]", []),
        ('{"a": 1', '{"a": 1'),
        ("[" * 100_000, "[" * 100_000),
        ({"a": 1}, {"a": 1}),
        (None, None),
    ],
)
def test_arguments_are_read_or_passed_on_as_they_are(text: Any, value: Any) -> None:
    assert arguments(text) == value


def test_what_providers_say_of_a_request_that_is_too_long() -> None:
    assert too_long("This model's maximum context length is 8192 tokens, however you requested 8804 tokens")
    assert not too_long("messages.3: unknown role")
