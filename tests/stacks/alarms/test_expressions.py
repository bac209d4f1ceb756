"""The evaluator itself: metric math, statistics, missing data and rules, as CloudWatch documents them."""

from typing import Any

import pytest

from tests.stacks.alarms.evaluation import holds, state
from tests.stacks.alarms.expressions import Value, evaluate
from tests.stacks.alarms.recorded import Recorded

KNOWN: dict[str, list[Value]] = {"a": [10, None, 4], "b": [5, 2, 0], "none": [None, None, None]}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("a", [10, None, 4]),
        ("a - b", [5, None, 4]),
        ("a / b", [2, None, None]),
        ("1 - a / 100", [0.9, None, 0.96]),
        ("IF(a >= 10, b, 0)", [5, None, 0]),
        ("IF(b > 3, 1, 0)", [1, 0, 0]),
        ("SUM([a, b])", [15, 2, 4]),
        ("MAX([a, b, none])", [10, 2, 4]),
        ("SUM([none])", [None, None, None]),
        ("FILL(a, 0)", [10, 0, 4]),
        ("FILL(none, 0)", [None, None, None]),
    ],
)
def test_metric_math(expression: str, found: list[Value]) -> None:
    assert evaluate(expression, KNOWN) == found


@pytest.mark.parametrize("expression", ["RATE(a)", "a ** 2", "METRICS()", "ANOMALY_DETECTION_BAND(a, 2)", "SUM(a)", "'a'"])
def test_what_is_not_known_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match="no metric math that is known here"):
        evaluate(expression, KNOWN)


def test_an_id_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError, match="c"):
        evaluate("a + c", KNOWN)


KEY = ("N", "m", frozenset[tuple[str, str]]())


@pytest.mark.parametrize(
    ("statistic", "found"),
    [("Sum", 60), ("SampleCount", 4), ("Maximum", 30), ("Average", 15), ("PR(:10)", 50), ("PR(:0)", 25), ("p99", 30)],
)
def test_statistics(statistic: str, found: float) -> None:
    recorded = Recorded({KEY: [(1, 10.0), (2, 20.0), (3, 0.0), (4, 30.0)]})
    assert recorded.statistic(KEY, statistic, 0, 5) == found
    assert recorded.statistic(KEY, "Sum", 1, 3) == 20, "after the one minute, until the other"
    assert recorded.statistic(KEY, statistic, 5, 9) is None


def alarm(missing: str, needed: int = 3) -> dict[str, Any]:
    asked = {"Metric": {"Namespace": "N", "MetricName": "m"}, "Period": 60, "Stat": "Sum"}
    return {
        "Metrics": [{"Id": "m", "MetricStat": asked, "ReturnData": True}],
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": needed,
        "DatapointsToAlarm": needed,
        "TreatMissingData": missing,
    }


@pytest.mark.parametrize(
    ("points", "missing", "found"),
    [
        ("0X-X-", "notBreaching", "OK"),
        ("0X-X-", "breaching", "OK"),
        ("-----", "notBreaching", "OK"),
        ("-----", "breaching", "ALARM"),
        ("----0", "notBreaching", "OK"),
        ("0XX-X", "notBreaching", "ALARM"),
        ("0XX-X", "breaching", "ALARM"),
        ("--X--", "notBreaching", "OK"),
        ("--X--", "breaching", "ALARM"),
    ],
)
def test_missing_data_counts_as_the_guide_s_table_says(points: str, missing: str, found: str) -> None:
    told = [(number + 1, 1.0 if point == "X" else 0.0) for number, point in enumerate(points) if point != "-"]
    recorded = Recorded({("N", "m", frozenset()): told})
    assert state(alarm(missing), recorded, 5, beyond=2, before="OK") == found


def test_an_alarm_that_ignores_missing_data_stays_what_it_was() -> None:
    assert state(alarm("ignore", 1), Recorded(), 5, beyond=0, before="ALARM") == "ALARM"
    assert state(alarm("ignore", 1), Recorded(), 5, beyond=0, before="OK") == "OK"


@pytest.mark.parametrize(("raised", "found"), [(set(), False), ({"a-1"}, False), ({"a-1", "b"}, True), ({"c"}, True), ({"b"}, False)])
def test_rules(raised: set[str], *, found: bool) -> None:
    assert holds('(ALARM("a-1") AND ALARM("b")) OR (ALARM("c"))', raised) is found
