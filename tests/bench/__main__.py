"""What the runtime costs, each figure beside a floor or a peer in the same run: ``python -m tests.bench [PART …]``.

Without an argument every part runs. Each part replaces its own section of ``docs/performance.md``, as soon as a figure of it is known.
"""

import argparse
import re
import signal
import sys
import time
from collections.abc import Iterator

from rich.console import Console

from tests.bench import appends, decisions, hot, peers, projector, reservations, starts, steps, workflows
from tests.bench.counting import ROOT, VALGRIND
from tests.bench.machine import machine
from tests.bench.sheet import Sheet

ALONE = {
    "turn": steps.measure,
    "cold": starts.measure,
    "hot": hot.measure,
    "peers": peers.measure,
    "journal": appends.measure,
    "ledger": reservations.measure,
    "decisions": decisions.measure,
    "projector": projector.measure,
}
PARTS = (*ALONE, "workflows")
PAGE = ROOT / "docs" / "performance.md"
INTRODUCTION = """# What the runtime costs

Written by `make bench` (`python -m tests.bench`), every figure of it; parts of it are measured again by their names: {parts}.
Instructions are counted by valgrind, without its simulation of caches, because times on a shared machine swing by a factor of two. The
processor that valgrind shows has no instructions for SHA-256, so hashing counts for more here than it takes.
"""


_SECTION = re.compile(r"^## (.*)$", re.MULTILINE)


def main() -> int:
    """Run the parts and write the page; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="of workflows: fewer runs, and one way through each")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, _interrupt)
    screen = Console(soft_wrap=True)
    screen.print("Instructions, counted by valgrind." if VALGRIND else "valgrind is not installed: processor time stands in, and swings.")
    missing = []
    for name in asked.parts or PARTS:
        for sheet in _measured(name, screen, quick=asked.quick):
            _write(sheet)
        screen.print(sheet.table(), *sheet.notes)
        missing += sheet.missing
    screen.print(f"Written to {PAGE.relative_to(ROOT)}.")
    for what in missing:
        screen.print(f"missing: {what}", style="red")
    return 1 if missing else 0


def _measured(name: str, screen: Console, *, quick: bool) -> Iterator[Sheet]:
    """The part's sheet, each time that more is on it."""
    began = time.monotonic()

    def say(what: str) -> None:
        screen.print(f"{name}, {time.monotonic() - began:.0f} s: {what} …", style="dim", markup=False)

    if name == "workflows":
        yield from workflows.measure(say, quick=quick)
    else:
        yield ALONE[name](say)


def _write(sheet: Sheet) -> None:
    """Put *sheet* on the page, in place of the section with its title."""
    text = PAGE.read_text() if PAGE.exists() else ""
    begins = [found.start() for found in _SECTION.finditer(text)]
    pieces = [text[begin:end].rstrip("\n") + "\n" for begin, end in zip(begins, [*begins[1:], len(text)], strict=False)]
    sections = {piece.splitlines()[0].removeprefix("## "): piece for piece in pieces}
    sections[sheet.title] = sheet.markdown(machine())
    PAGE.write_text("\n".join([INTRODUCTION.format(parts=", ".join(f"`{name}`" for name in PARTS)), *sections.values()]))


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("cut off; what was measured is on the page")
