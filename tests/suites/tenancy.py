"""Whether one tenant can reach another: 10,000 mixed operations by eight at the same time, many with ids that are not theirs.

They run against the API application over the doubles of its ports, in processes that each serve every tenant, as Lambda's do.
"""

import tempfile
from collections.abc import Collection
from pathlib import Path
from random import Random

from septet.integration.http.operations import OPERATIONS as ALL
from tests.bench.sheet import Sheet
from tests.suites.result import Result, Say
from tests.suites.tenancy_moves import Book, Mover
from tests.suites.tenancy_oracle import Found, Fuzz
from tests.suites.tenancy_world import Change, Processes

OPERATIONS, TENANTS, ROUNDS = 10_000, 8, 25
LEAST_STOLEN = 0.1
"""Of the operations: with fewer that name what is another's, the suite has not tried."""
KEYS = (*(f"key-{number}" for number in range(20)), None)


def book(tenants: int, seed: int) -> Book:
    """Tenants with markers that are nobody else's."""
    dice = Random(f"markers {seed}")  # noqa: S311 -- the same tenants in each run of the suite
    return Book(markers={f"t{number}-{dice.randbytes(4).hex()}": f"cny{dice.randbytes(8).hex()}" for number in range(tenants)})


def fuzz(
    operations: int,
    *,
    tenants: int = TENANTS,
    rounds: int = ROUNDS,
    processes: int = 3,
    seed: int = 1,
    change: Change | None = None,
    only: Collection[str] = (),
) -> Found:
    """Do *operations*, *only* some kinds if any are named, in *processes* of this computer; *change* takes something out of the API."""
    tried = [operation for operation in ALL if not only or operation.id in only]
    mover = Mover(book=book(tenants, seed), keys=KEYS, operations=tried)
    with tempfile.TemporaryDirectory() as home, Processes(Path(home), processes=processes, change=change) as world:
        return Fuzz(world=world, mover=mover, seed=seed).run(operations, rounds=rounds)


def run(say: Say) -> Result:
    """The whole suite."""
    say(f"{OPERATIONS:,} operations by {TENANTS} tenants")
    found = fuzz(OPERATIONS)
    total = found.operations.total()
    sheet = Sheet(
        title="One tenant and another",
        about=f"{TENANTS} tenants act on the API at the same time, with guessed, stolen and replayed ids, keys and cursors.",
        head=("What", "Count", "Goal"),
        rows=[
            ("operations", f"{total:,}", f"{OPERATIONS:,}"),
            ("of these naming what is another tenant's", f"{found.stolen:,}", f"{LEAST_STOLEN:.0%} at least"),
            ("answers with anything of another tenant's", str(len(found.reads)), "0"),
            ("changes of what is another tenant's", str(len(found.writes)), "0"),
            ("answers that say the API broke", str(len(found.broken)), "0"),
        ],
        notes=["Answers by status: " + ", ".join(f"{status}: {count:,}" for status, count in sorted(found.statuses.items())) + "."],
    )
    short = [*found.reads, *found.writes, *found.broken][:20]
    if total < OPERATIONS or found.stolen < LEAST_STOLEN * total:
        short.append("too little was tried")
    return Result(sheet=sheet, short=short, data={"operations": found.operations, "statuses": found.statuses})
