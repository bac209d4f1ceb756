"""``python -m tests.faults``: where each failure ends, and the crash matrix, on a twin of its own; writes docs/faults.md.

A run that was cut goes on where it stopped, as long as nothing has changed that is deployed or that it is tried by. Exits with 1 for a
wrong cell, with 2 when it could not go on.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from local.twin import deployed
from local.twin.twin import Twin
from tests.conftest import REPOSITORY, TestTwin, free_port
from tests.faults import failing, killing
from tests.faults.failures import TwinGone
from tests.faults.kept import Kept, fingerprint

KEPT = REPOSITORY / ".bench" / "faults"
"""What was tried, cell by cell."""
TRIED_BY = ("tests/faults/*.py", "tests/desk.py", "local/scenarios/*", "local/plugin/septet_plugin/*.py")
PARTS: Mapping[str, Callable[[TestTwin, argparse.Namespace, Kept, Console], int]] = {
    "failures": failing.measure,
    "kills": killing.measure,
}


def main() -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="one part; the page keeps what it says of the other")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every Nth cell; the page says so")
    parser.add_argument("--width", type=int, default=6, metavar="N", help="runs at the same time")
    parser.add_argument("--fresh", action="store_true", help="try everything again, whatever was tried before")
    asked = parser.parse_args()
    console = Console(soft_wrap=True)
    signal.signal(signal.SIGTERM, _interrupt)
    began, wrong = time.monotonic(), 0
    try:
        with _twin(console) as (twin, inputs):
            for name in [asked.only] if asked.only else PARTS:
                kept = Kept(KEPT / f"{name}.jsonl", inputs)
                if asked.fresh:
                    kept.forget()
                wrong += PARTS[name](twin, asked, kept, console)
    except (KeyboardInterrupt, TwinGone) as cut:
        console.print(f"cut after {time.monotonic() - began:.0f} s: {cut or 'interrupted'}. The same command goes on where this stopped.")
        return 2
    console.print(f"{wrong} wrong, {time.monotonic() - began:.0f} s; written: {failing.PAGE.relative_to(REPOSITORY)}")
    return 1 if wrong else 0


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@contextmanager
def _twin(console: Console) -> Iterator[tuple[TestTwin, str]]:
    """A twin of its own with everything deployed, ended at the end; and the fingerprint of what is tried there."""
    place = Twin(
        Path(os.environ.get("SEPTET_TWIN_HOME") or REPOSITORY / ".twin" / "faults"),
        int(os.environ.get("SEPTET_PORT") or free_port()),
        int(os.environ.get("SEPTET_DOUBLES_PORT") or free_port()),
        say=console.print,
    )
    place.down()
    try:
        place.up()
        api = place.deploy().api
        record = deployed.read(place.layout.deployed)
        files = [file for pattern in TRIED_BY for file in REPOSITORY.glob(pattern)]
        inputs = fingerprint(record.inputs if record else {}, files)
        yield TestTwin(twin=place, endpoint=place.endpoint, doubles=place.doubles, home=place.layout.home, api=api), inputs
    finally:
        place.down()


if __name__ == "__main__":
    sys.exit(main())
