"""Where failures end, as the first part of docs/faults.md."""

from collections.abc import Sequence

from tests.faults.failures import End
from tests.faults.hurry import LATE, SHORT
from tests.faults.route import CLOSING, PATIENCE

HEAD = """# Where failures end

Written by `make faults`, on the twin, through the HTTP API. Each cell is a run of its own, in which one state of one workflow ends in one
class of error, each time that it is tried. The error is given by the twin in place of the function's answer. People approve and answer
whatever is asked. A run *hangs* that has not ended after {patience} seconds, is *lost* when its execution has ended and nothing has closed
its record {closing} seconds later (it is read from the table: reading it by the API would close it), or when its journal is empty or does
not verify, and ends *unnamed* when its error is neither one of ours, nor AWS's, nor a defect's own class (`KeyError` stands for those);
none of the three may be.

While this runs, the machines are in a hurry: about a second between attempts, which are as many as ever; a second where a state only waits;
and {short} seconds for people where they have more than an hour, which is how *The operators are asked* is come to: the supplier lets the
time pass. No shipped policy has a person asked about a reservation of `supply`: there the twin gives the analyst's first answer. A map has
no cells of its own: what fails in its items stands under the items' states, and that S3 refuses a distributed map its file was not tried.
`States.Timeout` is real: the function takes longer than the state waits for it, which is {late} second there; where a state waits for
people, nobody is asked in that time. `Sandbox.Timedout` is a function that ran out of its own time. Models are scripts: an agent that takes
over a message for which it has none fails as well, and the next one goes on, as far as the prepared answer.
"""


def page(ends: Sequence[End], *, planned: int, when: str, unreached: Sequence[str] = ()) -> str:
    """The table. *planned*: how many cells there are; *when*: when and where they were tried; *unreached*: where nothing could be."""
    tried = f"All {planned} cells were tried" if len(ends) == planned else f"**{len(ends)} of {planned} cells were tried**"
    rest = "" if len(ends) == planned else " `make faults` tries all."
    head = HEAD.format(patience=PATIENCE, closing=CLOSING, short=SHORT, late=LATE)
    lines = [head, f"{tried}, {when}. {sum(end.wrong for end in ends)} are wrong.{rest}\n"]
    lines += [f"**{sentence[0].upper()}{sentence[1:]}.**\n" for sentence in unreached]
    lines += ["| workflow | state | error | the run ends | longest, s |", "| --- | --- | --- | --- | --- |"]
    groups: dict[tuple[str, str, str], list[End]] = {}
    for end in ends:
        groups.setdefault((end.cell.workflow, end.cell.state, end.outcome), []).append(end)
    for (workflow, state, told), group in groups.items():
        errors = ", ".join(f"`{end.cell.error}`" for end in group)
        lines.append(f"| {workflow} | {state} | {errors} | {told} | {max(end.seconds for end in group):.0f} |")
    return "\n".join([*lines, "", *_again(ends)])


def _again(ends: Sequence[End]) -> list[str]:
    """What was wrong at first: it is tried once more, when less runs beside it."""
    again = [f"- {end.cell.name}: {end.before}; then: {end.outcome}" for end in ends if end.before]
    return ["Tried once more, because it was wrong at first:", "", *again, ""] if again else []
