"""What the crash matrix came to, as the page docs/faults.md."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.faults.boundaries import Kill
from tests.faults.cases import Case
from tests.faults.trial import Trial

_TOP = """# Crash matrix

Written by `make faults`, on the twin. Each row is a run of its own in which a function's process was killed (SIGKILL) at one boundary:
before a request leaves the process, or after its answer has arrived and before the function's code sees it. The models are scripts.

A row is *right* when the run ended with the right answer by the right agents; the model server was asked as often as needed, and once more
only where a reply was in flight; the refund was paid once or, where none was asked for, never; every effect is done; the journal
verifies; and the ledger balances: in the accounts of the day, the run and its branch, `limit = spent + reserved + available`, nothing is
reserved, and what was spent is the sum of the journal's costs.

Left out are reads of the models' health, which a warm process remembers for seconds; and the API's requests about an approval, which do not
name the run. For those see `tests/contracts/test_health.py` and `tests/twin/test_steps.py`.

*Repeated* are model calls beyond those needed, *failed attempts* those of the state machine's tasks. Seconds are of a busy machine: they
include the time that an effect's second caller waits for the first one, and the minute after which Lambda repeats an event.
"""
_TWICE = """## Everything twice

Every invocation of a run (agents, gateway, tools, steps), its submission and its approval are made twice at the same time. The caller
hears, in turn, of the invocation that ends first and of the one that ends last. At most one model call may be repeated in each duel.
"""


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """All trials of one case."""

    case: Case
    kills: Sequence[Trial]
    doubled: Sequence[Trial]


def page(matrices: Sequence[Matrix], *, every: int) -> str:
    """The whole page. *every*: of how many cells one was tried."""
    tried = (
        "Every cell was tried." if every == 1 else f"**Only one cell in {every} was tried** (`--every {every}`); `make faults` tries all."
    )
    parts = [_TOP, tried, "", *_table(("", "cells", "right", "model calls repeated", "longest, s"), [_sums(one) for one in matrices])]
    for matrix in matrices:
        parts += ["", f"## {matrix.case.title}", ""]
        parts += _table(
            ("function", "boundary", "side", "outcome", "repeated", "failed attempts", "s"),
            [_row(trial, trial.kill) for trial in matrix.kills if trial.kill],
        )
    doubled = [trial for matrix in matrices for trial in matrix.doubled]
    parts += ["", _TWICE, *_table(("run", "duels", "outcome", "repeated", "failed attempts", "s"), [_twice(trial) for trial in doubled])]
    return "\n".join(parts) + "\n"


def _sums(matrix: Matrix) -> tuple[object, ...]:
    trials = matrix.kills
    right, longest = sum(not trial.wrong for trial in trials), max(trial.seconds for trial in trials)
    return matrix.case.title, len(trials), right, sum(trial.extra_calls for trial in trials), f"{longest:.0f}"


def _row(trial: Trial, kill: Kill) -> tuple[object, ...]:
    at = f"{kill.at.kind} ({kill.at.occurrence})"
    return kill.at.who, at, kill.side, outcome(trial), trial.extra_calls, trial.retries, f"{trial.seconds:.1f}"


def _twice(trial: Trial) -> tuple[object, ...]:
    return trial.case.title, trial.duels, outcome(trial), trial.extra_calls, trial.retries, f"{trial.seconds:.1f}"


def outcome(trial: Trial) -> str:
    """``right``, or all that is wrong."""
    return "**" + "; ".join(trial.wrong).replace("|", "/").replace("\n", " ") + "**" if trial.wrong else "right"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(map(str, row))} |"
