"""The written list of what is not real on the twin, each with its reason."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("not_emulated.toml")
_TABLES = ("types", "behaviours")


@dataclass(frozen=True, kw_only=True)
class NotEmulated:
    """Something of AWS that the twin has in name only, or not at all."""

    type: str
    """A CloudFormation type that may be faked, or a behaviour in plain words."""
    reason: str


def read(path: Path = LIST) -> tuple[NotEmulated, ...]:
    """Return the whole list. Raise ValueError when an entry has no reason."""
    return tuple(entry for table in _TABLES for entry in _entries(path, table))


def may_be_faked(path: Path = LIST) -> frozenset[str]:
    """Return the CloudFormation types that a deployment may find faked."""
    return frozenset(entry.type for entry in _entries(path, "types"))


def _entries(path: Path, table: str) -> list[NotEmulated]:
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get(table, {})
    for name, reason in entries.items():
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{path.name}: {name} has no reason")
    return [NotEmulated(type=name, reason=reason) for name, reason in entries.items()]
