"""The runbook, against what there is: every alarm leads to a section of it, and every name in it is a name of something."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer
from botocore import xform_name

from local.cli.application import application
from septet.core.errors import CLASSES
from septet.observability.measures import METRICS
from stacks.constructs.alarms import RUNBOOK
from stacks.constructs.measured import AWS
from stacks.settings import Settings
from tests.stacks.templates import ROOT, Templates

TEXT = (ROOT / RUNBOOK).read_text()
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
CODE = re.compile(r"^```sh\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]+))?\)")
SEE = re.compile(rf"See {re.escape(RUNBOOK)}#([a-z0-9-]+)$")
PARTS = ("Means", "Look", "Do", "Stop when", "Done when")
GENERAL = {"before-the-first-night", "when-to-stop-everything"}
"""Sections that belong to no alarm."""
CUSTOM = {("logs", "tail"): {"since", "follow"}}
"""Commands of the AWS command that are no operation of a service, and their options."""
RENAMED = {("sns", "subscribe"): {"notification-endpoint": "endpoint"}}
"""Options that the AWS command calls otherwise than the service does."""
WORDS = {"{environment}", "agent.toml", "false", "operations", "--tenant"}
LETTERS = {"reason", "DDBStreamBatchInfo", "approximateArrivalOfFirstRecord", "could not be projected"}
"""What dead letters of the projector and of Lambda hold, and what the projector's log says of them."""


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def sections(text: str) -> dict[str, str]:
    parts = HEADING.split(text)[1:]
    return {anchor(heading): body for heading, body in zip(parts[::2], parts[1::2], strict=True)}


def missing_sections(descriptions: dict[str, str], text: str) -> list[str]:
    """Alarms that lead nowhere."""
    known = sections(text)
    return [name for name, described in descriptions.items() if not (found := SEE.search(described)) or found[1] not in known]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What there is, by the templates and the code."""

    names: frozenset[str]
    workflows: tuple[str, ...]
    steps: tuple[str, ...]

    def wrong(self, span: str) -> str:
        """What is wrong with a span of code; empty when it names something that there is."""
        words = span.split()
        if words[0] == "septet":
            return command(words[1:])
        if words[0] == "aws":
            return aws(words[1:]) or next((found for word in words if (found := self._named(word))), "")
        if words[0] == "make":
            return "" if re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE) else "no such target"
        if span.startswith(("septet-", "/septet/")):
            return self._named(span)
        metrics = set(METRICS) | {name for names in AWS.values() for name in names}
        known = metrics | set(CLASSES) | set(Settings.__dataclass_fields__) | set(self.steps) | WORDS | LETTERS
        return "" if span in known or ("/" in span and (ROOT / span).exists()) else "names nothing that there is"

    def _named(self, word: str) -> str:
        """Whether the names of resources in a word are; where they hold a hole, for all that fit it."""
        for found in re.findall(r"(?:septet-|/septet/)[\w{}/-]+", word):
            if found.endswith("-"):
                continue  # a prefix
            for workflow, step in product(self.workflows, ("close_run", "project")):
                name = found.replace("{environment}", "twin").replace("{workflow}", workflow).replace("{step}", step)
                if name not in self.names:
                    return f"{name} is not deployed"
        return ""


def command(words: list[str]) -> str:
    """What is wrong with a call of ``septet``."""
    found: Any = typer.main.get_command(application())
    rest = [word for word in words if word.startswith("-") or re.fullmatch(r"[a-z]+", word)]
    while rest and rest[0] in getattr(found, "commands", {}):
        found = found.commands[rest.pop(0)]
    if hasattr(found, "commands") and rest and not rest[0].startswith("-"):
        return f"there is no command {rest[0]}"
    options = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    return next((f"there is no option {word}" for word in rest if word.startswith("-") and word not in options), "")


def aws(words: list[str]) -> str:
    """What is wrong with a call of ``aws``, by the models of its services."""
    service, operation, *rest = words
    renamed = RENAMED.get((service, operation), {})
    options = {renamed.get(word[2:], word[2:]) for word in rest if word.startswith("--")}
    if (service, operation) in CUSTOM:
        unknown = options - CUSTOM[service, operation]
    else:
        model = botocore.session.get_session().get_service_model(service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        if operation not in operations:
            return f"{service} has no operation {operation}"
        shape = model.operation_model(operations[operation]).input_shape
        unknown = options - {xform_name(name, "-") for name in (shape.members if shape else ())}
    return f"there is no option {', '.join(sorted(unknown))}" if unknown else ""


def spans(text: str) -> Iterator[str]:
    """Every span of code, and every line of every block."""
    for block, span in CODE.findall(text):
        yield from (block.strip().splitlines() if block else [span])


@pytest.fixture(scope="module")
def known(deployed: Templates) -> Known:
    kept = ("FunctionName", "TableName", "QueueName", "TopicName", "DashboardName", "AlarmName", "StateMachineName", "LogGroupName")
    named = {str(one.properties[key]) for one in deployed.all() for key in kept if key in one.properties}
    return Known(names=frozenset(named), workflows=tuple(deployed.catalog.workflows), steps=tuple(deployed.catalog.steps))


@pytest.fixture(scope="module")
def descriptions(deployed: Templates) -> dict[str, str]:
    return {
        one.properties["AlarmName"]: one.properties["AlarmDescription"]
        for kind in ("Alarm", "CompositeAlarm")
        for one in deployed.all(f"AWS::CloudWatch::{kind}")
    }


def test_every_alarm_leads_to_a_section(descriptions: dict[str, str]) -> None:
    assert len(descriptions) > 50
    assert missing_sections(descriptions, TEXT) == []


def test_an_alarm_whose_section_was_removed_is_found(descriptions: dict[str, str]) -> None:
    for section in sections(TEXT).keys() - GENERAL:
        heading = next(found for found in HEADING.findall(TEXT) if anchor(found) == section)
        assert missing_sections(descriptions, TEXT.replace(f"## {heading}\n", "")), f"{section}: no alarm needs it"
    assert missing_sections({"a": "Something is wrong."}, TEXT) == ["a"]


def test_every_alarms_section_says_what_it_means_what_to_do_and_when_it_is_over() -> None:
    for name, body in sections(TEXT).items():
        if name not in GENERAL:
            assert re.findall(r"^\*\*(.+?)\.\*\*", body, re.MULTILINE) == list(PARTS), name


def test_every_name_in_it_is_of_something_that_there_is(known: Known) -> None:
    assert {span: found for span in spans(TEXT) if (found := known.wrong(span))} == {}


@pytest.mark.parametrize(
    "span",
    [
        "septet halt RUN",
        "septet stop --everyone",
        "septet budget raise",
        "septet-{environment}-step-projekt",
        "septet-{environment}-journals",
        "septet-{environment}-workflow-{step}",
        "/septet/{environment}/step/nobody",
        "aws sqs drain-queue",
        "aws cloudwatch describe-alarms --colour red",
        "aws logs tail /septet/{environment}/step/nobody --since 1h",
        "RunsFinished",
        "policies/none.toml",
        "make nothing",
        "ModelBroken",
    ],
)
def test_what_there_is_not_is_found(known: Known, span: str) -> None:
    assert known.wrong(span)


def test_every_link_in_it_leads_somewhere() -> None:
    for path, part in LINK.findall(TEXT):
        target = (ROOT / RUNBOOK).parent / path if path else ROOT / RUNBOOK
        assert target.is_file(), path
        assert not part or part in {anchor(found) for found in re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)}, part
        assert isinstance(target, Path)
