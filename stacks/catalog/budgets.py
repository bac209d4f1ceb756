"""``policies/budgets.toml``: what a tenant may spend that has no limits of its own."""

from pathlib import Path

from stacks.catalog.declarations import Budgets
from stacks.catalog.fields import toml
from stacks.catalog.problems import Problems

FILE = "policies/budgets.toml"
_MICRO = 1_000_000


def budgets(root: Path, problems: Problems) -> Budgets:
    """The default limits. A run that asks for nothing gets no more than one may ask for, and that is no more than a day has."""
    fields = toml(root / FILE, FILE, problems)
    if fields is None:
        return Budgets(day=0, run=0, usual=0)
    day, run, usual = (fields.dollars(name, nothing="so no run could start") for name in ("day", "run", "usual"))
    found = Budgets(day=day, run=run, usual=usual)
    for name, above in (("usual", "run"), ("run", "day")):
        least, most = getattr(found, name), getattr(found, above)
        if 0 < most < least:
            fields.wrong(name, f'is more than {above}: give at most "{most / _MICRO:g}"')
    fields.done()
    return found
