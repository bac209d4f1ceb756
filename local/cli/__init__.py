"""The command line `septet`."""

import sys

from local.cli.application import application
from local.cli.surroundings import Surroundings, Twin
from local.twin.lifecycle import Say


def main() -> None:
    """Run the command that the arguments name; the exit status says how it ended."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that cannot show a character must not end the command
    application()(obj=Surroundings(twin=_twin, seed=_seed), prog_name="septet")


def _twin(say: Say) -> Twin:
    from local.twin.twin import Twin as OfThisCheckout  # noqa: PLC0415 -- it brings boto3, whose half a second not every command should pay

    return OfThisCheckout.chosen(say=say)


def _seed(endpoint: str, tenant: str) -> int:
    from local.seed import seed  # noqa: PLC0415 -- the same

    return seed(endpoint, tenant)
