"""What the gateway stops, and what it lets through: ``python -m tests.suites [agentdojo|attacker|tenancy …] [--json FILE]``.

Without a name every suite runs. What each found last is kept under ``.suites/``, and ``docs/suites.md`` is made of that. The exit status is
1 when a figure falls short of its goal.
"""

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from rich.console import Console

from tests.bench.machine import machine
from tests.suites.result import ROOT, Result

SUITES = {"agentdojo": "dojo", "attacker": "attacker", "tenancy": "tenancy"}
"""Each suite's module in this folder."""
KEPT = ROOT / ".suites"
PAGE = ROOT / "docs" / "suites.md"
ABOUT = Path(__file__).with_name("about.md")
"""What the page says besides figures."""


def run(name: str, screen: Console) -> Result:
    """Run a suite, show what it found and keep it."""
    suite = import_module(f"tests.suites.{SUITES[name]}")
    found: Result = suite.run(lambda what: screen.print(f"{name}: {what} …", style="dim"))
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{name}.md").write_text(found.sheet.markdown(machine()))
    screen.print(found.sheet.table(), *found.sheet.notes)
    screen.print(*(f"{name} falls short: {sentence}" for sentence in found.short), sep="\n", style="bold red")
    return found


def main() -> int:
    """Run what is named, write the page, and say whether every goal is met."""
    parser = argparse.ArgumentParser(prog="python -m tests.suites", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every figure there")
    options = parser.parse_args()
    if unknown := [name for name in options.suites if name not in SUITES]:
        parser.error(f"there is no suite {unknown[0]}; there are {', '.join(SUITES)}")
    screen = Console(width=None if sys.stdout.isatty() else 180)
    found = {name: run(name, screen) for name in options.suites or SUITES}
    kept = [(KEPT / f"{name}.md").read_text() for name in SUITES if (KEPT / f"{name}.md").exists()]
    PAGE.write_text("\n".join([ABOUT.read_text(), *kept]))
    screen.print(f"Written to {PAGE.relative_to(ROOT)}.")
    if options.json:
        options.json.write_text(json.dumps({name: result.plain() for name, result in found.items()}, indent=1))
    return int(any(result.short for result in found.values()))


if __name__ == "__main__":
    sys.exit(main())
