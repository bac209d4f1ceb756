"""Runs as a terminal shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local.cli.api import Document
from local.cli.moments import seconds, when
from local.cli.plain import cause, pairs, plain, short
from local.cli.story import NONE, Failed, Line, Tone
from local.cli.style import COMMAND, LABEL, NAME, STATUSES, TONES
from local.doubles.answer import UNEXPECTED
from septet.core.errors import BudgetExhausted
from septet.core.money import dollars

_LONGEST = 160
"""Characters that one line of a story shows, but for a plan, a failure and what a person has to decide on; all is in the journal."""
_LIMITS = "The agent's own limits end its turn: they are in its agent.toml, under [limits]. Change them there, then run septet deploy."
_MORE = (
    "Give it more: septet run … --budget DOLLARS. septet budget shows the most that one run may ask for; an administrator raises it: "
    "septet budget set --run DOLLARS (--day for all runs of a day)."
)
_LOUD = frozenset({Tone.WAIT, Tone.BAD})
"""Tones whose lines are coloured whole; of the others only the verb is."""


def line(told: Line) -> RenderableType:
    """One line of a run's story, and below it how to decide when it asks a person."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=8, justify="right", no_wrap=True)
    grid.add_column(width=16, overflow="fold")
    grid.add_column(width=8, no_wrap=True)
    grid.add_column(overflow="fold")
    whole = bool(told.approval) or told.tone is Tone.BAD or told.verb == "plans" or UNEXPECTED in told.what
    what = Text(told.what if whole else short(told.what, _LONGEST), style=TONES[told.tone] if told.tone in _LOUD else "")
    if told.cost:
        what.append(f" · {told.cost}", style=LABEL)
    grid.add_row(Text(f"{told.at:.1f} s ", style=LABEL), Text(told.who, style=NAME), Text(told.verb, style=TONES[told.tone]), what)
    return Group(grid, *how_to_decide(told.approval, indent=9)) if told.approval else grid


def how_to_decide(approval: str, *, indent: int, call: str = "") -> tuple[RenderableType, ...]:
    """The two commands that decide on an approval, a line of its own each; *call* says which one was seen, once it was changed."""
    seen = f" --call {call}" if call else ""
    return tuple(
        to_type(command, before=" " * indent) for command in (f"septet approve {approval}{seen}", f'septet reject {approval} --reason "…"')
    )


def to_type(command: str, *, before: str = "") -> Text:
    """A command on one line, however narrow the terminal is: a broken one cannot be copied. *before* says what it is for."""
    return Text(before, no_wrap=True, overflow="ignore").append(plain(command), style=COMMAND)


def ending(run: Document, failed: Failed = NONE) -> RenderableType:
    """How a run ended: its answer or failure, then its totals in a line or two. *failed* are the model calls that did."""
    parts: list[RenderableType] = [Text()]
    if run.get("failure"):
        parts += [Text(plain(f"{run['failure']['class']}: {cause(run['failure']['message'])}"), style="red"), Text(), *_advice(run)]
    if run.get("answer") is not None:
        parts += [Padding(Text(answer(run["answer"])), (0, 2)), Text()]
    return Group(*parts, totals(run, failed), Text(plain(f"run {run['id']}"), style=LABEL))


def _advice(run: Document) -> Iterator[RenderableType]:
    """What to do about a message that the model's double has no script for, the first thing a newcomer meets; or about too little money."""
    if run["failure"]["class"] == BudgetExhausted.__name__:
        own = run["failure"]["message"].startswith("limits.")
        yield Text(f"{_LIMITS if own else _MORE}\n", style="yellow")
    if UNEXPECTED in run["failure"]["message"]:
        yield Text(
            "The twin's model is a test double. It knows the messages in local/scenarios/*.yaml: send one of them, add yours there "
            "and run septet deploy, or let a real model answer (SEPTET_MODEL_URL, see README).\n",
            style="yellow",
        )


def answer(value: Any) -> str:
    """What the last agent answered, as text."""
    if isinstance(value, Mapping) and set(value) == {"text"}:
        return plain(value["text"])
    return plain(value) if isinstance(value, str) else plain(pairs(value))


def totals(run: Document, failed: Failed) -> Text:
    """Status and path in one line, what the run used in another."""
    text = Text().append_text(status(run["status"]))
    if run["path"]:
        text.append(plain(f"  {path(run)}"), style=NAME)
    text.append("\n")
    tokens = run["tokens"]
    used = [
        _count(run["model_calls"], "model call") + (f", {failed.calls} failed ({dollars(failed.cost)})" if failed.calls else ""),
        _count(run["tool_calls"], "tool call"),
        f"{tokens['input']:,} tokens in, {tokens['output']:,} out",
        _cost(run),
        took(run),
    ]
    return text.append(" · ".join(part for part in used if part), style=LABEL)


def _cost(run: Document) -> str:
    """What it cost, and of which budget."""
    of = f" of {dollars(run['budget']['limit_microdollars'])}" if run.get("budget") else ""
    return dollars(run["cost_microdollars"]) + of


def path(run: Document) -> str:
    """The agents in the order visited."""
    return " → ".join(run["path"])


def took(run: Document) -> str:
    """How long the run took, in seconds; empty while it goes on."""
    return f"{seconds(run['ended_at']) - seconds(run['created_at']):.1f} s" if run.get("ended_at") else ""


def status(value: str) -> Text:
    """A status in its colour."""
    return Text(plain(value).replace("_", " "), style=STATUSES.get(value, ""))


def runs(found: Sequence[Document], *, now: float, wanted: str = "") -> RenderableType:
    """A list of runs, of the status *wanted* if only such were asked for; *now* in seconds since the epoch."""
    if not found and wanted:
        return Text("No run is running." if wanted == "running" else f"No run with status {plain(wanted)}.")
    if not found:
        return to_type('septet run support "Where is my order A-1001?"', before="No runs yet. Start one: ")
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=LABEL)
    for name in ("run", "status", "started", "took"):
        table.add_column(name, no_wrap=True)
    for name in ("workflow", "by"):
        table.add_column(name, overflow="fold")
    for run in found:
        table.add_row(
            Text(plain(run["id"])),
            status(run["status"]),
            when(run["created_at"], now=now),
            took(run),
            Text(plain(run["workflow"])),
            Text(plain(run["submitter"])),
        )
    return table


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
