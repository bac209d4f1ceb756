"""Files and folders of a tree, read with every problem noted."""

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.catalog.problems import Problems

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_NEVER_SHIPPED = frozenset({"tests", "__pycache__"})
_DEEPEST = 100
"""Levels of tables and lists; what walks through them needs a part of Python's stack for each."""
_LARGEST = 2**63 - 1
"""Of TOML's whole numbers, which have 64 bits with their sign."""

BAD_NAME = "is no name: use a lower-case letter, then at most 30 lower-case letters, digits and underscores"


def is_name(text: str) -> bool:
    """Whether *text* may name a function or a workflow."""
    return _NAME.fullmatch(text) is not None


def folders(root: Path, group: str, declaration: str, problems: Problems) -> Iterator[Path]:
    """The folders of ``functions/<group>/``, in order; one that is no function is noted and left out."""
    for folder in _present(root, group):
        file = f"functions/{group}/{folder.name}/"
        if not is_name(folder.name):
            problems.add(file, "", BAD_NAME)
            continue
        missing = [name for name in (declaration, "handler.py") if not (folder / name).is_file()]
        for name in missing:
            problems.add(file, "", f"has no {name}: add it, or remove the folder")
        if "handler.py" not in missing:
            _check_handler(folder / "handler.py", f"{file}handler.py", problems)
        if declaration not in missing:
            yield folder


def names(root: Path, group: str) -> frozenset[str]:
    """The names of the folders of ``functions/<group>/``, of faulty ones too: what names one of these names something that is there."""
    return frozenset(folder.name for folder in _present(root, group))


def _present(root: Path, group: str) -> list[Path]:
    """The folders of ``functions/<group>/``, but for what git leaves of a removed one: caches."""
    found = sorted(path for path in (root / "functions" / group).glob("*") if path.is_dir())
    return [folder for folder in found if any(_files(folder))]


def _check_handler(path: Path, file: str, problems: Problems) -> None:
    """Note when Lambda would find no ``handler`` in the module."""
    text = read_text(path, file, problems)
    try:
        body = ast.parse(text).body
    except (SyntaxError, RecursionError, MemoryError) as error:  # the last two from what is nested too deep
        problems.add(file, "", f"cannot be read as Python: {error}")
        return
    if text.strip() and "handler" not in {name for node in body for name in _defined(node)}:
        problems.add(file, "", "defines no 'handler': end it with handler = serve(...)")


def _defined(node: ast.stmt) -> Iterator[str]:
    """The names that a statement of a module defines."""
    if isinstance(node, ast.FunctionDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _files(folder: Path) -> Iterator[Path]:
    """The files below *folder*, but for caches and hidden ones."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield path


def shipped(folder: Path) -> dict[str, bytes]:
    """What of a function's folder goes to Lambda, by path: no tests, caches, hidden files or declarations."""
    files = {path.relative_to(folder): path for path in _files(folder)}
    return {
        relative.as_posix(): path.read_bytes()
        for relative, path in files.items()
        if not _NEVER_SHIPPED & set(relative.parts) and path.suffix not in {".toml", ".pyc"}
    }


def read_text(path: Path, file: str, problems: Problems, *, what: str = "") -> str:
    """The text of a file, which must not be blank; *what* tells a person what belongs into it."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        problems.add(file, "", f"is missing: add it{what and f', {what}'}")
        return ""
    except UnicodeDecodeError:
        problems.add(file, "", "is not UTF-8: save it as UTF-8")
        return ""
    if not text.strip():
        problems.add(file, "", "is empty: write it")
    return text


def read_json(path: Path, file: str, problems: Problems, *, what: str = "") -> dict[str, Any] | None:
    """The object in a JSON file; None, with the problem noted, when there is none."""
    text = read_text(path, file, problems, what=what)
    if not text.strip():
        return None
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates)
        check_storable(value)
    except (ValueError, RecursionError) as error:
        problems.add(file, "", f"is not JSON: {error}")
        return None
    if not isinstance(value, dict):
        problems.add(file, "", "is not a JSON object: write one")
        return None
    return value


def check_storable(value: Any) -> None:
    """Raise ValueError for what no JSON file can hold, or not every reader of one can read: it may end in one that is generated."""
    ahead = [(value, 0)]
    while ahead:
        item, depth = ahead.pop()
        if depth > _DEEPEST:
            raise ValueError(f"tables and lists are nested more than {_DEEPEST} deep")
        if isinstance(item, dict):
            ahead += [(inner, depth + 1) for pair in item.items() for inner in pair]
        elif isinstance(item, list):
            ahead += [(inner, depth + 1) for inner in item]
        elif isinstance(item, str):
            item.encode()
        elif isinstance(item, float) and not math.isfinite(item):
            raise ValueError(f"{item} is no number that anything can be held against")
        elif isinstance(item, int) and abs(item) > _LARGEST:
            raise ValueError(f"a whole number is larger than {_LARGEST}")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return found
