"""The command line `septet`."""

import sys

from local.cli.application import application
from local.cli.surroundings import Surroundings
from local.twin.twin import Twin


def main() -> None:
    """Run the command that the arguments name; the exit status says how it ended."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal that cannot show a character must not end the command
    application()(obj=Surroundings(twin=lambda say: Twin.chosen(say=say), seed=_seed), prog_name="septet")


def _seed(endpoint: str, tenant: str) -> int:
    from local.seed import seed  # noqa: PLC0415 -- it imports boto3, whose third of a second only this command should pay

    return seed(endpoint, tenant)
