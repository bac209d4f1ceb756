"""Measures as lines of the embedded metric format."""

import json
from time import time
from typing import Any

import pytest

from septet.aws.emf import EmfMeter
from septet.local.observing import MemoryMeter
from septet.observability.measures import Measure

MINUTE = int(time()) // 60 * 60_000
AT = MINUTE + 17


def told(capsys: pytest.CaptureFixture[str], *measures: Measure) -> list[dict[str, Any]]:
    EmfMeter("Septet/test").tell(measures)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def call(model: str = "m", value: float = 1, at: int = AT) -> Measure:
    return Measure(metric="ModelCalls", value=value, dimensions={"model": model}, at=at)


def test_a_line_says_the_values_of_a_minute_and_nothing_of_the_function(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "step-project")
    (line,) = told(capsys, call(), call(value=2, at=AT + 1_000))
    assert line.pop("_aws") == {
        "Timestamp": MINUTE,
        "CloudWatchMetrics": [
            {"Namespace": "Septet/test", "Dimensions": [["model"]], "Metrics": [{"Name": "ModelCalls", "Unit": "Count"}]}
        ],
    }
    assert line == {"model": "m", "ModelCalls": [1.0, 2.0]}


def test_other_dimensions_and_other_minutes_have_lines_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, call(), call("n"), call(at=AT + 60_000), Measure(metric="RunsOpen", value=3, dimensions={}, at=AT))
    assert [line.get("model") for line in lines] == ["m", "n", "m", None]


def test_many_values_are_in_several_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert [len(line["ModelCalls"]) for line in told(capsys, *[call()] * 250)] == [99, 99, 52]


def test_nothing_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys) == []


@pytest.mark.parametrize(
    "other",
    [
        Measure(metric="Surprise", value=1, dimensions={}, at=AT),
        Measure(metric="ModelCalls", value=1, dimensions={"tenant": "acme"}, at=AT),
        Measure(metric="Fallbacks", value=1, dimensions={"purpose": ["x"]}, at=AT),  # type: ignore[dict-item]  # as a tampered entry has it
        Measure(metric="ModelCalls", value=float("nan"), dimensions={"model": "m"}, at=AT),
    ],
)
def test_what_cannot_be_told_is_counted_and_the_others_are_told(capsys: pytest.CaptureFixture[str], other: Measure) -> None:
    first, second = told(capsys, call(), other)
    assert (first["ModelCalls"], second["ProjectionPoison"]) == ([1.0], [1.0])
    double = MemoryMeter()
    double.tell([call(), other])
    assert [one.metric for one in double.measures] == ["ModelCalls", "ProjectionPoison"]
