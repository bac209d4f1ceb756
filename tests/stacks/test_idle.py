"""What the stacks cost when nobody uses them."""

from pathlib import Path
from typing import Any

import pytest

from stacks.idle import Line, idle, layers, main, report
from tests.stacks.templates import Templates


def lines(*types: str) -> dict[str, Line]:
    template: dict[str, Any] = {"Resources": {f"R{number}": {"Type": type_} for number, type_ in enumerate(types)}}
    return {line.what: line for line in idle([template])}


def test_nothing_computes_while_idle(deployed: Templates) -> None:
    found = idle(deployed.by_stack.values())
    assert {line.what: line.month for line in found if line.month}.keys() == {
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
        "schedule rate(1 minute)",
        "schedule rate(5 minutes)",
        "schedule rate(15 minutes)",
    }
    assert sum(line.month or 0 for line in found if not line.what.startswith("AWS::CloudWatch::")) < 5_000_000
    assert sum(line.month or 0 for line in found) < 5_000_000 + 9_000_000 * (1 + len(deployed.catalog.workflows))
    assert [line.what for line in found if line.month is None] == []


def test_keys_alarms_and_dashboards_have_their_price() -> None:
    found = lines("AWS::KMS::Key", "AWS::KMS::Key", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard")
    assert {what: (line.count, line.month) for what, line in found.items()} == {
        "AWS::KMS::Key": (2, 2_000_000),
        "AWS::CloudWatch::Alarm": (1, 100_000),
        "AWS::CloudWatch::Dashboard": (1, 3_000_000),
    }


def test_what_it_costs_without_alarms_and_dashboards_is_said_too() -> None:
    text = report(lines("AWS::KMS::Key", "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard").values()).splitlines()
    assert [line.split()[:2] for line in text[-2:]] == [["4.10", "in"], ["1.00", "without"]]
    assert "without alarms" not in report(lines("AWS::KMS::Key").values())


def test_an_alarm_is_paid_for_by_the_metrics_that_it_looks_at() -> None:
    metrics = [{"Id": "a", "MetricStat": {}}, {"Id": "b", "MetricStat": {}}, {"Id": "compared", "Expression": "a + b"}]
    template = {"Resources": {"R": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": metrics}}}}
    (line,) = idle([template])
    assert (line.count, line.month) == (2, 200_000)


def test_an_unknown_type_is_named_and_not_taken_for_free() -> None:
    found = lines("AWS::EC2::NatGateway", "AWS::IAM::Role")
    assert found["AWS::EC2::NatGateway"].month is None
    text = report(found.values())
    assert "?    1 x AWS::EC2::NatGateway" in text
    assert text.endswith("0.00  in all, without AWS::EC2::NatGateway")


def test_a_family_of_types_shares_a_line() -> None:
    assert lines("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")["AWS::IAM::"].count == 2


@pytest.mark.parametrize(("schedule", "calls"), [("rate(1 minute)", "43,800"), ("rate(2 hours)", "365")])
def test_a_schedule_costs_its_calls(schedule: str, calls: str) -> None:
    template = {
        "Resources": {
            "Function": {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 512}},
            "Alias": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "Function"}}},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": schedule, "Targets": [{"Arn": {"Ref": "Alias"}}]}},
        }
    }
    line = next(line for line in idle([template]) if line.what.startswith("schedule"))
    assert line.remark.startswith(f"{calls} calls of 512 MB")
    assert line.month == round(int(calls.replace(",", "")) * (0.2 + 16.6667 * 0.5 * 0.1 + 5))


def test_the_listing_is_read_from_a_synths_output(deployed: Templates, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(deployed.folder)]) == 0
    printed = capsys.readouterr().out
    assert "Idle cost a month" in printed
    assert "Size of each layer, unzipped" in printed
    assert max(map(len, printed.splitlines())) < 100
    assert printed.count("MB  layer: ") == len(list(layers(deployed.folder)))


def test_without_a_synth_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "holds no templates: run `make synth` first" in capsys.readouterr().err
