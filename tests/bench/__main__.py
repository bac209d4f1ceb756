"""What the runtime costs, each figure beside a floor or a peer in the same run: ``python -m tests.bench [PART …]``.

Without an argument every part runs. What each part measured last is kept under ``.bench/``, and ``docs/performance.md`` is made of that.
"""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version

from rich.console import Console

from tests.bench import appends, decisions, peers, reservations, starts, steps
from tests.bench.counting import ROOT, VALGRIND

PARTS = {
    "turn": steps.measure,
    "cold": starts.measure,
    "peers": peers.measure,
    "journal": appends.measure,
    "ledger": reservations.measure,
    "decisions": decisions.measure,
}
KEPT = ROOT / ".bench" / "sheets"
PAGE = ROOT / "docs" / "performance.md"
INTRODUCTION = """# What the runtime costs

Written by `make bench` (`python -m tests.bench`), every figure of it; parts of it are measured again by their names: {parts}.
Instructions are counted by valgrind, without its simulation of caches, because times on a shared machine swing by a factor of two. The
processor that valgrind shows has no instructions for SHA-256, so hashing counts for more here than it takes.
"""


def machine() -> str:
    """When and where this is."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip()  # noqa: S607 -- git is on the path
    where = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, CPython {platform.python_version()}"
    return f"{datetime.now(UTC):%Y-%m-%d} at {commit} on {where}, boto3 {version('boto3')}"


def main(names: list[str]) -> None:
    """Run the parts and write the page."""
    screen = Console()
    if unknown := [name for name in names if name not in PARTS]:
        sys.exit(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    screen.print("Instructions, counted by valgrind." if VALGRIND else "valgrind is not installed: processor time stands in, and swings.")
    KEPT.mkdir(parents=True, exist_ok=True)
    for name in names or PARTS:
        sheet = PARTS[name](lambda what, name=name: screen.print(f"{name}: {what} …", style="dim"))
        (KEPT / f"{name}.md").write_text(sheet.markdown(machine()))
        screen.print(sheet.table(), *sheet.notes)
    found = [(KEPT / f"{name}.md").read_text() for name in PARTS if (KEPT / f"{name}.md").exists()]
    PAGE.write_text("\n".join([INTRODUCTION.format(parts=", ".join(f"`{name}`" for name in PARTS)), *found]))
    screen.print(f"Written to {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main(sys.argv[1:])
