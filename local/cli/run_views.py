"""Runs as a terminal shows them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local.cli.api import Document
from local.cli.moments import seconds, when
from local.cli.plain import cause, pairs, plain, short, word
from local.cli.story import NONE, Failed, Line, Tone
from local.cli.style import COMMAND, LABEL, NAME, STATUSES, TONES
from local.cli.tables import Fitted
from local.doubles.answer import CAME, UNEXPECTED
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
    what = Text(_advised(told.what) if whole else short(told.what, _LONGEST), style=TONES[told.tone] if told.tone in _LOUD else "")
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
        parts += [
            Text(plain(f"{run['failure']['class']}: {_advised(cause(run['failure']['message']))}"), style="red"),
            Text(),
            *_advice(run),
        ]
    if run.get("answer") is not None:
        parts += [Padding(Text(answer(run["answer"])), (0, 2)), Text()]
    return Group(*parts, totals(run, failed), Text(plain(" · ".join([f"run {run['id']}", *_whence(run)])), style=LABEL))


def _whence(run: Document) -> Iterator[str]:
    """What it is part of and where it comes from, if anywhere."""
    for name, told in (("parent", "for"), ("session", "of"), ("origin", "forked from")):
        if run.get(name):
            yield f"{told} {run[name]}"
    if run.get("attempt"):
        yield "restarted " + ("once" if run["attempt"] == 1 else f"{run['attempt']} times")


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


def _advised(message: str) -> str:
    """*message*; of one that the model's double has no script for only what is to be done: the rest is cut off somewhere on its way."""
    return message.partition(CAME)[0] if UNEXPECTED in message else message


def answer(value: Any) -> str:
    """What the last agent answered, as text: words first, and then what else there is, name by name."""
    if isinstance(value, Mapping) and isinstance(value.get("text"), str):
        rest = [_named(name, item) for name, item in value.items() if name != "text" and item]
        return plain("\n\n".join([value["text"], *(["\n".join(rest)] if rest else [])]))
    return plain(value) if isinstance(value, str) else plain(pairs(value))


def _named(name: str, value: Any) -> str:
    """A field of an answer: words of a list in one line, its objects in a line each."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, Mapping) for item in items):
        return "\n".join(f"{name}: {pairs(item)}" for item in items)
    return f"{name}: {', '.join(map(word, items))}"


def totals(run: Document, failed: Failed) -> Text:
    """Status and path in one line, what the run used in another, and in what it took far more than usual."""
    text = Text().append_text(status(run["status"]))
    if run.get("degraded"):
        text.append("  a prepared answer: nobody could give one", style=TONES[Tone.WAIT])
    if run["path"]:
        text.append(plain(f"  {path(run)}"), style=NAME)
    text.append("\n")
    tokens = run["tokens"]
    used = [
        _count(run["model_calls"], "model call") + _failed(run, failed),
        _count(run["tool_calls"], "tool call"),
        f"{tokens['input']:,} tokens in, {tokens['output']:,} out",
        _cost(run),
        took(run),
    ]
    text.append(" · ".join(part for part in used if part), style=LABEL)
    for told in flagged(run):
        text.append("\n").append_text(told)
    return text


def flagged(run: Document) -> Iterator[Text]:
    """In what it took far more than usual, if in anything."""
    if run.get("flagged"):
        yield Text(f"flagged: took far more than usual ({', '.join(run['flagged'])})", style=TONES[Tone.WAIT])


def _failed(run: Document, failed: Failed) -> str:
    """How many calls brought no reply: of the run's report, or of what was seen since; what they cost where all of them were seen."""
    calls = max(run["model_calls_failed"], failed.calls)
    cost = f" ({dollars(failed.cost)})" if failed.calls == calls else ""
    return f", {calls} failed{cost}" if calls else ""


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


def runs(found: Sequence[Document], *, now: float, wanted: str = "", searched: bool = False) -> RenderableType:
    """A list of runs, of the status *wanted* if only such were asked for, or *searched* for; *now* in seconds since the epoch."""
    if not found and searched:
        return Text("No such run.")
    if not found and wanted:
        return Text("No run is running." if wanted == "running" else f"No run with status {plain(wanted)}.")
    if not found:
        return to_type('septet run support "Where is my order A-1001?"', before="No runs yet. Start one: ")
    errors = searched and any(run.get("error") for run in found)
    more = (*(("error",) if errors else ()), *(("flagged",) if any(run.get("flagged") for run in found) else ()))
    table = Fitted("run", "status", "started", "took", "workflow", "by", *more, spare=("took", "by", "workflow"))
    for run in found:
        table.add_row(
            Text(plain(run["id"])),
            status(run["status"]),
            when(run["created_at"], now=now),
            took(run),
            Text(plain(run["workflow"])),
            Text(plain(run["submitter"])),
            *(Text(_more(run, name)) for name in more),
        )
    return table


def _more(run: Document, name: str) -> str:
    """What a run has of a column that is there only where some have it."""
    told = run.get(name) or ""
    return plain(told if isinstance(told, str) else ", ".join(told))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
