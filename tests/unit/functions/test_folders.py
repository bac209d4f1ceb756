import ast
from pathlib import Path

import pytest

FUNCTIONS = Path(__file__).parents[3] / "functions"
HANDLERS = sorted(FUNCTIONS.glob("*/*/handler.py"))


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: f"{path.parts[-3]}-{path.parts[-2]}")
def test_a_handler_is_short_says_what_it_does_and_does_nothing_when_it_is_loaded(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    assert len(source.splitlines()) <= 40
    assert ast.get_docstring(tree)
    assert any(isinstance(node, ast.FunctionDef | ast.Assign) and "handler" in ast.unparse(node) for node in tree.body)
    assert not any(isinstance(node, ast.For | ast.While | ast.With | ast.Try | ast.If) for node in tree.body)
