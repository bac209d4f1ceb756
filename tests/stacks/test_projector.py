"""The ways of changes to the projector, and where those end that it cannot take."""

import json
from pathlib import Path
from typing import Any

from stacks.catalog import read
from stacks.catalog.generated import files
from stacks.constructs.projector import STREAMS
from tests.stacks.templates import ROOT, Templates
from tests.unit.test_bootstrap import python

MADE = """
import json, os
from types import ModuleType

os.environ["AWS_REGION"] = "us-east-1"
from septet.bootstrap import {module}

def named(one):
    return one.__name__ if isinstance(one, ModuleType) else type(one).__name__

made = {made}
parts = {{name: [named(part.projection), named(part.keeper)] for name, part in made.parts.items()}}
costs, summaries = (made.parts[name].keeper for name in ("costs", "summaries"))
shows = made.shows.__self__
print(json.dumps({{
    **parts,
    "tells": [named(made.exporter), named(made.meter), named(made.aside)],
    "beside": [named(costs.platform), named(summaries.watch)],
    "hours": costs.hours,
    "shows": [made.shows.__func__.__qualname__, [named(shows.journal), shows.journal._gaps], sorted(shows.tenants)],
    "clean": [shows.clean.__module__, shows.clean.__name__],
    "knows": {{name: sorted(made.parts[name].projection.tools) for name in ("spans", "metrics") if name in made.parts}},
}}))
"""
WRITTEN = {"traces.json": {"content": ["acme"]}, "endpoints.json": {"fable": 1_230_000}}
"""What is declared beside the function that is nothing by default, as if it were something."""


def wired(beside: Path, step: str, made: str) -> dict[str, Any]:
    """What the projector of a *step* is made of, with its files in the folder *beside*; *made* is the expression that makes it."""
    catalog = read(ROOT)
    written = {path: json.dumps(value).encode() for path, value in WRITTEN.items()}
    for path, content in {**files(catalog, catalog.steps[step].function), **written}.items():
        (beside / path).write_bytes(content)
    module = made.partition(".")[0]
    found: dict[str, Any] = json.loads(python(MADE.format(module=module, made=made.format(beside=repr(str(beside / "handler.py"))))))
    return found


def test_each_stream_rings_and_what_cannot_be_taken_is_kept_and_holds_nobody_up(deployed: Templates) -> None:
    taken = [one.properties for one in deployed.all("AWS::Lambda::EventSourceMapping") if one.stack.endswith("Observability")]
    mappings = [one for one in taken if "StartingPosition" in one]  # what has none is a queue
    names = [deployed.settings.names.stream_parameter(table) for table in STREAMS]
    asked = deployed.by_stack["Septet-twin-Observability"]["Parameters"]
    assert [asked[one["EventSourceArn"]["Ref"]]["Default"] for one in mappings] == names
    (dead,) = [one.id for one in deployed.all("AWS::SQS::Queue") if one.properties.get("QueueName", "").endswith("projection-dead")]
    for one in mappings:
        assert one["StartingPosition"] == "TRIM_HORIZON", "what happened before the projector was there is projected"
        assert one["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert one["BisectBatchOnFunctionError"]
        assert 0 < one["MaximumRetryAttempts"] < 10_000
        assert one["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": [dead, "Arn"]}}}
    stored = {one.properties["Name"]: one.properties["Value"] for one in deployed.all("AWS::SSM::Parameter")}
    assert set(stored) == set(names)
    assert all(value["Fn::GetAtt"][1] == "StreamArn" for value in stored.values())


def test_every_projection_is_made_with_what_writes_its_figures(tmp_path: Path) -> None:
    tools = sorted(read(ROOT).tools)
    assert wired(tmp_path, "project", "projecting.projector({beside})") == {
        "spans": ["Traces", "NoneType"],
        "metrics": ["Metering", "NoneType"],
        "costs": ["septet.observability.costing", "Books"],
        "summaries": ["septet.observability.summaries", "Digests"],
        "tells": ["OtlpExporter", "EmfMeter", "SqsDeadLetters"],
        "beside": ["Estimator", "Watch"],
        "hours": {"fable": 1_230_000},
        "shows": ["Contents.shown", ["DynamoJournal", True], ["acme"]],
        "clean": ["septet.security.recognisers", "cleaned"],
        "knows": {"spans": tools, "metrics": tools},
    }


def test_a_replay_tells_the_same_but_for_measures_and_flags_nothing(tmp_path: Path) -> None:
    made = "replaying.replayer({beside}).projector(progresses=None, aside=None)"
    assert wired(tmp_path, "replay", made) == {
        "spans": ["Traces", "NoneType"],
        "costs": ["septet.observability.costing", "Books"],
        "summaries": ["septet.observability.summaries", "Digests"],
        "tells": ["OtlpExporter", "Silent", "NoneType"],
        "beside": ["Estimator", "NoneType"],
        "hours": {"fable": 1_230_000},
        "shows": ["Contents.shown", ["DynamoJournal", True], ["acme"]],
        "clean": ["septet.security.recognisers", "cleaned"],
        "knows": {"spans": sorted(read(ROOT).tools)},
    }
