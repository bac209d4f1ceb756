"""An agent's ``check.py``, as the catalogue reads it."""

from pathlib import Path

import pytest

from stacks.catalog import read
from stacks.catalog.checks import has_check
from stacks.catalog.generated import bundle
from stacks.catalog.problems import Problems

FILE = "functions/agents/scout/check.py"
GOOD = '''"""Whether it is so."""

import re
from urllib.parse import urlsplit

from septet.execution.quotes import plain


def check(answer, seen):
    return [] if re.search("x", plain(urlsplit(answer["text"]).path)) else ["there is no x"]
'''


def problems(folder: Path, text: str) -> list[str]:
    (folder / "check.py").write_text(text)
    noted = Problems()
    assert has_check(folder, FILE, noted)
    return noted.found


def test_an_agent_without_the_file_has_no_check(tmp_path: Path) -> None:
    noted = Problems()
    assert not has_check(tmp_path, FILE, noted)
    assert noted.found == []


def test_a_pure_function_is_taken(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def check(answer):\n    return []\n", "defines no check: write def check(answer, seen) -> list[str]"),
        ("check = 1\n", "defines no check"),
        ("def check(", "cannot be read as Python"),
        ("", "is empty"),
        ("import time\n" + GOOD, "imports time: a check is a pure function, and may import"),
        ("import boto3\n" + GOOD, "imports boto3"),
        ("from random import random\n" + GOOD, "imports random"),
        ("from urllib.request import urlopen\n" + GOOD, "imports urllib.request"),
        ("from septet.execution import quotes\n" + GOOD, "imports septet.execution: "),
        ("import septet.bootstrap.journals\n" + GOOD, "imports septet.bootstrap.journals"),
        ("from . import handler\n" + GOOD, "imports its own folder"),
        (GOOD + "\nWORDS = open('words').read()\n", "calls open"),
        (GOOD + "\nX = __import__('os')\n", "calls __import__"),
        (GOOD + "\ndef more():\n    global COUNT\n    COUNT = 1\n", "keeps something between calls"),
    ],
)
def test_what_is_none_is_told(tmp_path: Path, text: str, told: str) -> None:
    found = problems(tmp_path, text)
    assert any(f"{FILE}: {told}" in problem for problem in found), found


def test_the_bundle_says_so_and_is_another_with_another_check(tree: Path) -> None:
    before = bundle(catalog := read(tree), catalog.agents["scout"])
    (tree / FILE).write_text(GOOD)
    first = bundle(catalog := read(tree), catalog.agents["scout"])
    (tree / FILE).write_text(GOOD.replace("no x", "none"))
    second = bundle(catalog := read(tree), catalog.agents["scout"])
    assert [one["check"] for one in (before, first, second)] == [False, True, True]
    assert len({one["bundle"] for one in (before, first, second)}) == 3
