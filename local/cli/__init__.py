"""The command line `septet`."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from local.cli.application import application
from local.cli.consoles import complain
from local.cli.outcomes import CommandFailed, Exit
from local.cli.surroundings import Surroundings, Twin
from local.twin.lifecycle import Say


def main() -> None:
    """Run the command that the arguments name; the exit status says how it ended."""
    _open_streams()
    try:
        try:
            application()(obj=Surroundings(twin=_twin, seed=_seed), prog_name="septet")
        finally:
            sys.stdout.flush()
    except OSError as error:  # a full disk behind standard output, seen as late as at the last flush
        with suppress(OSError):
            complain(CommandFailed(f"{error.filename or 'standard output'} cannot be used: {error.strerror}", fix="make room, or mend it"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still buffered would fail once more at the end
        sys.exit(Exit.FAILED)


def _open_streams() -> None:
    """Make the streams fit to print to: Python has None for one that the caller closed."""
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that cannot show a character must not end the command


def _nowhere(mode: str) -> TextIO:
    return os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8")  # type: ignore[return-value]  # a text mode


def _twin(say: Say) -> Twin:
    from local.twin.twin import Twin as OfThisCheckout  # noqa: PLC0415 -- it brings boto3, whose half a second not every command should pay

    return OfThisCheckout.chosen(say=say)


def _seed(endpoint: str, tenant: str) -> int:
    from local.seed import seed, stock  # noqa: PLC0415 -- the same

    stock(endpoint, tenant)
    return seed(endpoint, tenant, missing_only=True)
