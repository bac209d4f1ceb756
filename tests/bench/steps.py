"""What a step of the turn costs beside a floor written by hand."""

from collections.abc import Callable

from tests.bench.counting import UNIT, counted, step, taken
from tests.bench.sheet import Sheet

EARLY, LATE = (5, 25), (495, 515)
"""Lengths of two turns; their difference is what the steps between cost."""
KINDS = ("floor", "septet")
MISSED = ", missed"
WHY = (
    "The goal of a step is not met. Of its instructions nearly half are the gateway's monitor: labels of the arguments, the question to "
    "the policies, and what the result makes known. A tenth are the eight digests that chain four entries, and as much is JSON; the rest "
    "is the interpreter, which runs some 150 small functions for the driver, the ledger, the gateway and the turn together."
)


def measure(say: Callable[[str], None]) -> Sheet:
    """Count."""
    for kind in KINDS:
        counted("turn", kind, "1")  # so that every module has its bytecode
    say("steps 5 to 25")
    early = {kind: step(kind, EARLY) for kind in KINDS}
    say("steps 495 to 515")
    late = {kind: step(kind, LATE) for kind in KINDS}
    say("turns of 500 and of 5,000 steps")
    short, long = ({kind: taken(kind, calls) for kind in KINDS} for calls in (500, 5_000))
    sheet = Sheet(
        title="A step of the turn",
        about=(
            "A step is one model call and one tool call: a reservation and its settlement, four chained entries, the gateway's "
            "decision, and validation of the arguments. Every port is in memory; the model and the tool take no time. The floor is a loop "
            "written by hand."
        ),
        head=("", *KINDS, "of the floor", "goal"),
    )
    rows: list[tuple[str, Callable[[str], float], str, str]] = [
        (f"thousand {UNIT} a step, steps 5 to 25", lambda kind: early[kind] / 1000, ",.0f", "300"),
        (f"thousand {UNIT} a step, steps 495 to 515", lambda kind: late[kind] / 1000, ",.0f", "300"),
        ("growth from one to the other", lambda kind: late[kind] / early[kind], ".2f", "1.20"),
        ("microseconds a step, of 500", lambda kind: short[kind]["microseconds"], ",.0f", ""),
        ("MiB that 500 steps add", lambda kind: short[kind]["kib"] / 1024, ".1f", "3.0"),
        ("microseconds a step, of 5,000", lambda kind: long[kind]["microseconds"], ",.0f", "no error"),
    ]
    for name, figure, form, goal in rows:
        floor, ours = (figure(kind) for kind in KINDS)
        sheet.rows.append((name, f"{floor:{form}}", f"{ours:{form}}", f"{ours / floor:.1f}", goal + MISSED * _above(ours, goal)))
    if any(MISSED in row[-1] for row in sheet.rows):
        sheet.notes.append(WHY)
    return sheet


def _above(figure: float, goal: str) -> bool:
    return goal.replace(".", "").isdecimal() and figure > float(goal)
