"""``policies/traces.toml``: the tenants whose content is in their spans."""

import re
from pathlib import Path

from stacks.catalog.fields import toml
from stacks.catalog.problems import Problems

FILE = "policies/traces.toml"
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")


def shown(root: Path, problems: Problems) -> frozenset[str]:
    """The tenants that switched it on; nobody without the file."""
    fields = toml(root / FILE, FILE, problems) if (root / FILE).exists() else None
    if fields is None:
        return frozenset()
    found = set()
    for tenant, table in fields.each().items():
        if not _TENANT.fullmatch(tenant):
            problems.add(FILE, tenant, "is named as no tenant can be: use its name")
        if "content" not in table.values:
            table.wrong("content", "is missing: say true for content in the tenant's spans, or remove the table")
        if table.flag("content"):
            found.add(tenant)
        table.done()
    return frozenset(found)
