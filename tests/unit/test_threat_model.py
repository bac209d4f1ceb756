"""Every test that docs/security.md names is there, so that no row stands without its proof."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py(?:::[\w:]+)?)`", PAGE)))


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_the_page_names_is_there(named: str) -> None:
    file, *path = named.split("::")
    found: ast.Module | ast.ClassDef | ast.FunctionDef = ast.parse((ROOT / file).read_text())
    for name in path:
        inner = [node for node in found.body if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name]
        assert inner, f"{file} has no {name}"
        found = inner[0]


def test_none_is_a_whole_file() -> None:
    assert [named for named in NAMED if "::" not in named and named != "tests/unit/test_threat_model.py"] == []


def test_every_row_names_its_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "| ---"))]
    assert len(rows) >= 20
    assert [row for row in rows if len(row.split(" | ")) != 4 or "`tests/" not in row] == []
