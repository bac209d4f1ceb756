"""The record of what is deployed on the twin, written after a deployment that was checked."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from local.twin import files


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """What is deployed."""

    at: datetime
    """When the last deployment ended."""
    api: str
    """Base URL of the HTTP API; paths start with /v1."""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    """By stack: its outputs."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Fingerprints of what it was made from, by folder or file."""

    @property
    def stacks(self) -> tuple[str, ...]:
        """The stacks' names."""
        return tuple(self.outputs)

    @property
    def shadow(self) -> bool:
        """Whether policies say what they would do and stop nothing."""
        return any(named.get("PoliciesMode") == "shadow" for named in self.outputs.values())


def read(path: Path) -> Deployed | None:
    """Return the record, or None when nothing is deployed. A record that is damaged says nothing: the next deployment writes it anew."""
    content: Any = files.read_json(path)
    try:
        found = Deployed(**{**content, "at": datetime.fromisoformat(content["at"])})
    except (KeyError, TypeError, ValueError):
        return None
    texts = isinstance(found.api, str) and _are_texts(found.inputs)
    return found if texts and isinstance(found.outputs, dict) and all(map(_are_texts, found.outputs.values())) else None


def _are_texts(values: Any) -> bool:
    return isinstance(values, dict) and all(isinstance(value, str) for value in values.values())


def write(path: Path, deployed: Deployed) -> None:
    """Replace the record."""
    files.write_json(path, {**asdict(deployed), "at": deployed.at.isoformat()})
