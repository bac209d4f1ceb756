"""Every command that a text of the CLI or the demo names exists."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import typer.main
from typer.core import TyperGroup as Group

from local.cli.application import application

ROOT = Path(__file__).parents[4]
_NAMED = re.compile(r"\bseptet ([a-z]+)(?: ([a-z]+))?")
SENTENCES = {("budget", "shows")}
"""Where a sentence goes on after a command that is a group as well."""


def texts(path: Path) -> Iterator[str]:
    """Every text in the module at *path*; of an f-string its fixed parts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_command_that_is_named_exists() -> None:
    known = typer.main.get_command(application())
    assert isinstance(known, Group)
    named = {
        (path.name, *found)
        for folder in ("cli", "demo", "twin", "setup")
        for path in (ROOT / "local" / folder).glob("*.py")
        for text in texts(path)
        for found in _NAMED.findall(text)
    }
    assert {("session_commands.py", "watch", ""), ("audit_keys.py", "audit", "key")} <= named
    assert {one for one in named if one[1] not in known.commands} == set()
    groups = {name: one for name, one in known.commands.items() if isinstance(one, Group)}
    within = {one[1:] for one in named if one[1] in groups and one[2]}
    assert {one for one in within if one[1] not in groups[one[0]].commands} == SENTENCES
