"""The wildcards that policies/wildcards.toml gives a reason for."""

import re
import tomllib

from stacks.constructs.names import fill
from tests.stacks.templates import ROOT, Templates


def reasons(templates: Templates) -> list[tuple[re.Pattern[str], set[str]]]:
    """Patterns of resources, with the actions that are allowed there."""
    names = templates.settings.names
    values = names.values() | {"BodiesBucket": names.bucket_arn(), "SealsBucket": names.seals_arn()}
    entries = tomllib.loads((ROOT / "policies" / "wildcards.toml").read_text())["allowed"]
    assert all(entry["reason"].strip() for entry in entries)
    patterns = [re.sub(r"<\w+>", r"[a-z0-9_]+", re.escape(fill(entry["resource"], values))) for entry in entries]
    return [(re.compile(pattern), set(entry["actions"])) for pattern, entry in zip(patterns, entries, strict=True)]
