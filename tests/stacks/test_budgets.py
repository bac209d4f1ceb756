"""The default limits: read strictly, and given to every function."""

import json
from pathlib import Path

import pytest

from stacks.catalog import CatalogError, read
from stacks.catalog.declarations import Budgets
from tests.stacks.templates import Templates


def problems(tree: Path, text: str) -> str:
    (tree / "policies/budgets.toml").write_text(text)
    with pytest.raises(CatalogError) as raised:
        read(tree)
    return str(raised.value)


def test_dollars_become_micro_dollars(tree: Path) -> None:
    (tree / "policies/budgets.toml").write_text('day = "2.5"\nrun = "0.000002"\nusual = "0.000001"\n')
    assert read(tree).budgets == Budgets(day=2_500_000, run=2, usual=1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('day = "9"\nrun = "5"\n', "policies/budgets.toml: usual: is missing: give dollars as text"),
        ('day = 50\nrun = "5"\nusual = "1"\n', 'day: is 50: give dollars as text with at most 6 decimals, as "50"'),
        ('day = "-1"\nrun = "5"\nusual = "1"\n', "day: is '-1': give dollars"),
        ('day = "9"\nrun = "5"\nusual = "6"\n', 'usual: is more than run: give at most "5"'),
        ('day = "4"\nrun = "4.5"\nusual = "1"\n', 'run: is more than day: give at most "4"'),
        ('day = "9"\nrun = "5"\nusual = "0.00"\n', "usual: is nothing, so no run could start: give dollars as text"),
        ('day = "9"\nrun = "5"\nusual = "1"\nweek = "70"\n', "week: is no key here"),
        ('day = ""\nrun = "5"\nusual = "1"\n', "day: is '': give dollars as text"),
        ('day = "\u0660"\nrun = "5"\nusual = "1"\n', "day: is '\u0660': give dollars as text"),
        ("day", "cannot be read as TOML"),
    ],
)
def test_what_is_wrong_names_the_field_and_the_fix(tree: Path, text: str, sentence: str) -> None:
    assert sentence in problems(tree, text)


def test_without_the_file_nothing_is_deployed(tree: Path) -> None:
    (tree / "policies/budgets.toml").unlink()
    with pytest.raises(CatalogError, match=r"policies/budgets\.toml: cannot be read"):
        read(tree)


def test_every_function_is_told_the_limits(deployed: Templates) -> None:
    limits = deployed.catalog.budgets
    for function in deployed.all("AWS::Lambda::Function"):
        told = json.loads(function.properties["Environment"]["Variables"]["SEPTET_BUDGETS"])
        assert told == {"day": limits.day, "run": limits.run, "usual": limits.usual}
