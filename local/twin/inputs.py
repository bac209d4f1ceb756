"""Fingerprints of everything the CDK app reads, so that an unchanged app is not run again and a changed part is named."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

READ = ("app.py", "cdk.json", "stacks", "functions", "layers", "policies", "state_machines", "requirements/cdk.txt")
"""What the app reads, from the repository's root."""
_IGNORED = frozenset({"__pycache__", ".DS_Store"})
_EACH = 3
"""How many parts of a path below `functions/` name one function: `functions/agents/triage`."""


def fingerprints(root: Path, context: Mapping[str, str]) -> dict[str, str]:
    """Return a hash for each function's folder and each other file or folder of READ, and one for the app's context."""
    whole: dict[str, hashlib._Hash] = {}
    for path in _files(root):
        relative = path.relative_to(root)
        group = "/".join(relative.parts[: _EACH if relative.parts[0] == "functions" else 1])
        found = whole.setdefault(group, hashlib.sha256())
        found.update(f"{relative}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    context_hash = hashlib.sha256(repr(sorted(context.items())).encode())
    return {group: found.hexdigest() for group, found in whole.items()} | {"context": context_hash.hexdigest()}


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names whose fingerprints differ, came or went."""
    return tuple(sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name)))


def _files(root: Path) -> Iterator[Path]:
    for name in READ:
        top = root / name
        found = sorted(top.rglob("*")) if top.is_dir() else [top]
        yield from (path for path in found if path.is_file() and not _IGNORED & set(path.parts))
