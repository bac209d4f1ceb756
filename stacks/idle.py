"""What the synthesised stacks cost in a month in which nobody uses them: ``python -m stacks.idle [cdk.out]``."""

import json
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacks.catalog.declarations import Json

PRICED_ON = "2026-11"
"""When the prices were written down: us-east-1, before any free tier. Check them at https://aws.amazon.com/pricing/."""

_PAID_BY_USE = "paid by use"
_ALARM = "AWS::CloudWatch::Alarm"
_IDLE: Mapping[str, tuple[int, str]] = {
    "AWS::ApiGateway::": (0, _PAID_BY_USE),
    _ALARM: (100_000, "for each metric that alarms look at"),
    "AWS::CloudWatch::CompositeAlarm": (500_000, "alarms made of others"),
    "AWS::CloudWatch::Dashboard": (3_000_000, "before the three that are free"),
    "AWS::DynamoDB::Table": (0, "paid by use; 0.25 a GB stored, 0.20 backed up"),
    "AWS::Events::EventBus": (0, _PAID_BY_USE),
    "AWS::IAM::": (0, "free"),
    "AWS::KMS::Alias": (0, "free"),
    "AWS::KMS::Key": (1_000_000, "each, for signing too; two rotations add as much"),
    "AWS::Lambda::": (0, _PAID_BY_USE),
    "AWS::Logs::": (0, "paid by use; 0.50 a GB taken in, 0.03 a GB kept"),
    "AWS::S3::": (0, "paid by use; 0.023 a GB stored"),
    "AWS::SNS::": (0, _PAID_BY_USE),
    "AWS::SQS::": (0, _PAID_BY_USE),
    "AWS::SSM::Parameter": (0, "standard ones are free"),
    "AWS::SecretsManager::Secret": (400_000, "each secret"),
    "AWS::StepFunctions::": (0, _PAID_BY_USE),
}
"""Micro-dollars a month for one resource of a type, or of the types that begin so, and a remark."""

_WATCHING = "AWS::CloudWatch::"
"""What an environment has only if it is watched."""
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTH = 730 * 3600
_CALL, _GB_SECOND, _TRACE = 0.2, 16.6667, 5.0
"""Micro-dollars: a call of a function, a GB-second of its memory, a trace."""
_CALL_SECONDS = 0.1
"""What a call that finds nothing to do is taken to last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What one kind of resource costs."""

    what: str
    count: int
    month: int | None
    """Micro-dollars; None when the price is not known here."""
    remark: str


def idle(templates: Iterable[Json]) -> list[Line]:
    """A line for each type, or family of types, in *templates*, and for each schedule, which calls its function although nobody asks."""
    lines, counts = [], Counter[str]()
    for template in templates:
        resources = template["Resources"]
        for resource in resources.values():
            if resource["Type"] != "AWS::Events::Rule":
                counts[_priced(resource["Type"])] += _metrics(resource) if resource["Type"] == _ALARM else 1
        lines += [line for resource in resources.values() if (line := _rule(resource, resources))]
    for kind, count in counts.items():
        month, remark = _IDLE.get(kind, (None, "no price is written down for this type: look it up and add it to stacks/idle.py"))
        lines.append(Line(what=kind, count=count, month=None if month is None else month * count, remark=remark))
    return sorted(lines, key=lambda line: (line.month is not None, -(line.month or 0), line.what))


def _priced(kind: str) -> str:
    """The type, or the beginning of types, that the price list has for *kind*; *kind* itself when it has none."""
    return next((key for key in _IDLE if key == kind or (key.endswith("::") and kind.startswith(key))), kind)


def _metrics(alarm: Json) -> int:
    """How many metrics an alarm looks at, each of which is paid for."""
    return sum("MetricStat" in query for query in alarm.get("Properties", {}).get("Metrics", ())) or 1


def _rule(resource: Json, resources: Mapping[str, Json]) -> Line | None:
    if resource["Type"] != "AWS::Events::Rule":
        return None
    schedule = resource["Properties"].get("ScheduleExpression", "")
    if not schedule:
        return Line(what="AWS::Events::Rule", count=1, month=0, remark="events of AWS itself are free")
    every = _RATE.fullmatch(schedule)
    if not every:
        return Line(what=f"schedule {schedule}", count=1, month=None, remark="only rate(…) is counted here")
    calls = _MONTH // (int(every[1]) * _SECONDS[every[2]])
    memory = sum(_memory(target["Arn"], resources) for target in resource["Properties"]["Targets"])
    each = _CALL + _GB_SECOND * memory / 1024 * _CALL_SECONDS + _TRACE
    remark = f"{calls:,} calls of {memory} MB for {_CALL_SECONDS} s, traced"
    return Line(what=f"schedule {schedule}", count=1, month=round(calls * each), remark=remark)


def _memory(target: Any, resources: Mapping[str, Json]) -> int:
    """MB of the function behind a reference to its alias."""
    function = resources[resources[target["Ref"]]["Properties"]["FunctionName"]["Ref"]]
    return int(function["Properties"]["MemorySize"])


def report(lines: Iterable[Line]) -> str:
    """*lines* for a person, with the sum."""
    lines = list(lines)
    total = sum(line.month or 0 for line in lines)
    unknown = [line.what for line in lines if line.month is None]
    text = [f"Idle cost a month, dollars (prices of {PRICED_ON}, us-east-1, before any free tier):"]
    text += [f"{_dollars(line.month):>9}  {line.count:>3} x {line.what:<32} {line.remark}" for line in lines]
    text.append(f"{_dollars(total):>9}  in all" + (f", without {', '.join(unknown)}" if unknown else ""))
    if watching := sum(line.month or 0 for line in lines if line.what.startswith(_WATCHING)):
        text.append(f"{_dollars(total - watching):>9}  without alarms and dashboards: where the setting watched is false")
    return "\n".join(text)


def _dollars(month: int | None) -> str:
    return "?" if month is None else f"{month / 1_000_000:.2f}"


def layers(folder: Path) -> Iterator[str]:
    """A line for each layer below *folder*, a synth's output: its size unzipped, of which Lambda allows 250 MB for a function in all."""
    sizes: dict[str, tuple[str, float]] = {}
    for template in _templates(folder):
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Lambda::LayerVersion":
                key = resource["Properties"]["Content"]["S3Key"]
                with zipfile.ZipFile(folder / f"asset.{key}") as zipped:
                    size = sum(entry.file_size for entry in zipped.infolist()) / 1_000_000
                sizes[key] = (resource["Properties"]["Description"], size)
    yield from (f"{size:>6.1f} MB  layer: {description}" for description, size in sorted(sizes.values()))


def _templates(folder: Path) -> Iterator[Json]:
    return (json.loads(path.read_text()) for path in sorted(folder.rglob("*.template.json")))


def main(arguments: list[str]) -> int:
    """Print what the templates below a folder cost, and how large their layers are."""
    folder = Path(arguments[0] if arguments else "cdk.out")
    templates = list(_templates(folder))
    if not templates:
        sys.stderr.write(f"{folder} holds no templates: run `make synth` first\n")
        return 1
    sys.stdout.write(
        "\n".join([report(idle(templates)), "Size of each layer, unzipped, of the 250 MB that a function may have:", *layers(folder), ""])
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
