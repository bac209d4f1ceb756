"""The written list of resource types that may be faked on the twin, each with its reason."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("not_emulated.toml")


@dataclass(frozen=True, kw_only=True)
class NotEmulated:
    """A CloudFormation type that exists on the twin in name only."""

    type: str
    reason: str


def read(path: Path = LIST) -> tuple[NotEmulated, ...]:
    """Return the list. Raise ValueError when an entry has no reason."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    for name, reason in entries.items():
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{path.name}: {name} has no reason")
    return tuple(NotEmulated(type=name, reason=reason) for name, reason in entries.items())
