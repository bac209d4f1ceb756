"""An agent's own check, ``check.py``: a pure function of its answer and of what was read. It is read here, never run."""

import ast
from collections.abc import Iterator
from pathlib import Path

from stacks.catalog.files import read_text
from stacks.catalog.problems import Problems, known

PURE = frozenset(
    {"collections", "dataclasses", "decimal", "fractions", "functools", "itertools", "json", "math", "re", "string", "typing", "urllib"}
)
"""Modules of Python that a check may import: they read no clock, draw no numbers and reach nothing outside."""
OURS = frozenset({"septet.execution.quotes"})
"""Modules of the platform that were written for checks."""
OUTSIDE = frozenset({"__import__", "breakpoint", "compile", "eval", "exec", "globals", "id", "input", "open", "print", "vars"})
"""Of Python's own functions, those that reach outside, or differ from call to call."""
_ARGUMENTS = 2


def has_check(folder: Path, file: str, problems: Problems) -> bool:
    """Whether the agent in *folder* has a ``check.py``; what is wrong with it is noted."""
    path = folder / "check.py"
    if not path.is_file():
        return False
    text = read_text(path, file, problems)
    try:
        module = ast.parse(text)
    except (SyntaxError, RecursionError, MemoryError) as error:  # the last two from what is nested too deep
        problems.add(file, "", f"cannot be read as Python: {error}")
        return True
    if text.strip() and not any(_is_check(node) for node in module.body):
        problems.add(file, "", "defines no check: write def check(answer, seen) -> list[str]")
    for sentence in dict.fromkeys(_impure(module)):
        problems.add(file, "", sentence)
    return True


def _is_check(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "check" and len(node.args.args) == _ARGUMENTS


def _impure(module: ast.Module) -> Iterator[str]:
    """What makes the module more than a function of its arguments: a turn that is taken up again would decide otherwise."""
    for node in ast.walk(module):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            if name not in OURS and (name.partition(".")[0] not in PURE or (name.startswith("urllib") and name != "urllib.parse")):
                yield f"imports {name or 'its own folder'}: a check is a pure function, and may import {known(PURE | OURS)}"
        if isinstance(node, ast.Name) and node.id in OUTSIDE:
            yield f"calls {node.id}: a check is a pure function of the answer and of what was read"
        if isinstance(node, ast.Global | ast.AsyncFunctionDef):
            yield "keeps something between calls, or waits: a check is a pure function of the answer and of what was read"
