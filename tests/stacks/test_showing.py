"""Whose content is in their spans: nobody's, unless the file says so, and nothing but true or false."""

import json
from pathlib import Path

import pytest

from stacks.catalog import CatalogError, read
from stacks.catalog.generated import files
from tests.stacks.templates import ROOT

FILE = "policies/traces.toml"


def test_nobodys_is_as_shipped_and_the_projector_is_told_so() -> None:
    catalog = read(ROOT)
    assert catalog.shown == frozenset()
    for step in ("project", "replay"):
        assert json.loads(files(catalog, catalog.steps[step].function)["traces.json"]) == {"content": []}


def test_nobody_else_is_told_whose_it_is() -> None:
    catalog = read(ROOT)
    assert [step.function.name for step in catalog.steps.values() if "traces" in step.declarations] == ["project", "replay"]


def test_who_says_so_has_it(tree: Path) -> None:
    (tree / FILE).write_text("[acme]\ncontent = true\n[other]\ncontent = false\n")
    assert read(tree).shown == {"acme"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[acme]\ncontent = "yes"', "acme.content: is 'yes': give true or false"),
        ("[acme]\ncontents = true", "acme.contents: is no key here"),
        ("[acme]", "acme.content: is missing: say true for content in the tenant's spans, or remove the table"),
        ('["*"]\ncontent = true', "*: is named as no tenant can be: use its name"),
        ("acme = true", "acme: is True: give a table"),
        ("[acme", "cannot be read as TOML"),
    ],
)
def test_what_is_no_switch_is_named(tree: Path, text: str, sentence: str) -> None:
    (tree / FILE).write_text(text)
    with pytest.raises(CatalogError) as raised:
        read(tree)
    assert f"{FILE}: {sentence}" in str(raised.value)
