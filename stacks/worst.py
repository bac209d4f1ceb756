"""The most that one run of each workflow can use: ``python -m stacks.worst``. Runs that it starts have budgets of their own."""

import sys
from collections.abc import Mapping
from pathlib import Path

from stacks.catalog import CatalogError
from stacks.catalog.figures import Worst
from stacks.catalog.reading import read

_HEAD = ("workflow", "money", "model calls", "seconds", "transitions", "history events")


def report(found: Mapping[str, Worst]) -> str:
    """*found*, by workflow, for a person."""
    rows = [_HEAD, *((name, *_figures(worst)) for name, worst in found.items())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return "\n".join(
        [
            "The most that one run can use: every turn at its limits, every retry taken; runs that it starts have their own.",
            *lines,
        ]
    )


def _figures(worst: Worst) -> tuple[str, ...]:
    return (
        f"${worst.money / 1_000_000:,.2f}",
        *(f"{each:,}" for each in (worst.model_calls, worst.seconds, worst.transitions, worst.events)),
    )


def main(root: Path) -> int:
    """Print the figures of the tree under *root*."""
    try:
        catalog = read(root)
    except CatalogError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(report({name: workflow.worst for name, workflow in catalog.workflows.items()}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).parents[1]))
