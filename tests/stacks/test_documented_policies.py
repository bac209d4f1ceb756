"""docs/policies.md is read: the catalogue takes every policy that it shows, and each decides what the table below it says."""

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from septet.security.cedar import CedarPolicies
from septet.security.labels import Label
from septet.security.manifests import EFFECTS, UNDECLARED
from stacks.catalog import read
from tests.unit.security.questions import context, question

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/policies.md").read_text()
EXAMPLE = re.compile(r"^`(policies/\S+\.cedar)`\n\n```cedar\n(.*?)^```\n\n((?:^\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([\w-]+)` \| `(.*)` \| (allow|ask|deny) \| (allow|ask|deny) \|$", re.MULTILINE)
TOOL = re.compile(r'Septet::Tool::"(\w+)"')


class Row(NamedTuple):
    file: str
    effect: str
    facts: str
    without: str
    with_it: str


def examples() -> dict[str, str]:
    return {file: text for file, text, _ in EXAMPLE.findall(PAGE)}


ROWS = [Row(file, *row) for file, _, table in EXAMPLE.findall(PAGE) for row in ROW.findall(table)]


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's tree with every example in its place."""
    copy = tmp_path_factory.mktemp("documented")
    for folder in ("functions", "layers", "policies", "state_machines"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file, text in examples().items():
        (copy / file).parent.mkdir(exist_ok=True)
        (copy / file).write_text(text)
    return copy


def test_every_block_is_an_example_with_rows() -> None:
    assert PAGE.count("```cedar") == len(examples()) == len({row.file for row in ROWS})
    for table in (table for _, _, table in EXAMPLE.findall(PAGE)):
        assert len(ROW.findall(table)) == table.count("\n") - 2


def test_the_catalogue_takes_every_example(copied: Path) -> None:
    found = read(copied).policies
    assert {*found.sources, *(f"policies/tenants/{tenant}.cedar" for tenant in found.tenants)} >= examples().keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{Path(row.file).stem} {row.effect} {row.facts}")
def test_each_row_is_what_happens(copied: Path, row: Row) -> None:
    shared = read(copied).policies
    shipped = {file: text for file, text in shared.sources.items() if file.count("/") == 1}
    own = {row.file: examples()[row.file]} if row.file.startswith("policies/own/") else {}
    tenants = {} if own else {Path(row.file).stem: examples()[row.file]}
    tool = next(iter(TOOL.findall(examples()[row.file])), "some_tool")
    asked = question(row.effect, tool=tool, tenant="acme", **json.loads(row.facts))
    without = CedarPolicies(shipped, shared.schema).decide(asked)
    with_it = CedarPolicies(shipped | own, shared.schema, tenants).decide(asked)
    assert (without.outcome, with_it.outcome) == (row.without, row.with_it)


def test_each_example_makes_a_difference() -> None:
    assert {row.file for row in ROWS if row.without != row.with_it} == examples().keys()


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def paths(value: object, path: str = "") -> set[str]:
    """The facts of a context, however deep."""
    if not isinstance(value, dict):
        return {path}
    return {deeper for name, inner in value.items() for deeper in paths(inner, f"{path}.{name}" if path else name)}


def test_the_page_names_every_fact_and_no_other() -> None:
    first = [line.split("|")[1] for line in section("The context").splitlines() if line.startswith("| `")]
    assert {name for cell in first for name in re.findall(r"`([\w.]+)`", cell)} == paths(context())


def test_the_page_names_every_effect_with_its_groups() -> None:
    rows = [
        [re.findall(r"`([\w-]+)`", cell) for cell in line.split("|")[1:3]]
        for line in section("Effects").splitlines()
        if line.startswith("| `")
    ]
    assert {effect for effects, _ in rows for effect in effects} == {*EFFECTS, UNDECLARED}
    schema = read(ROOT).policies.schema
    for group in ("reads", "acts", "sends_out"):
        engine = CedarPolicies({"x": f'@id("x") permit (principal, action in Septet::Action::"{group}", resource);'}, schema)
        members = {effect for effect in (*EFFECTS, UNDECLARED) if engine.decide(question(effect)).outcome == "allow"}
        assert members == {effect for effects, groups in rows if group in groups for effect in effects}


def test_labels_are_told_in_their_order() -> None:
    (told,) = re.findall(r"^Labels are ranks, from best to worst: (.*?)\. ", section("The context"), re.MULTILINE)
    assert told == ", ".join(f"{label.value} {label.name.lower()}" for label in Label)
