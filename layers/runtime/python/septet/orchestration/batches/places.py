"""Where a batch keeps what it makes, below its tenant and its run: erased with the run's bodies."""

from collections.abc import Mapping

from septet.core.files import MediaType

RESULTS: Mapping[str, MediaType] = {"results.csv": "text/csv", "results.jsonl": "application/x-ndjson"}
"""The files with a batch's results."""


def inputs(run: str) -> str:
    """One line of JSON for each row: its number, its key, and what its run gets."""
    return f"{run}/map/inputs.jsonl"


def manifest(run: str) -> str:
    """Which rows are to be done, and where in ``inputs`` each is: a CSV that Step Functions reads. Nothing of what rows say."""
    return f"{run}/map/rows.csv"


def segment(run: str, first: int) -> str:
    """The results of some rows, from *first* on."""
    return f"{run}/map/results-{first:08}.jsonl"


def result(run: str, name: str) -> str:
    """One of ``RESULTS``."""
    return f"{run}/{name}"
