"""An explanation as a terminal shows it: a waterfall of steps with their reasons, and where the answer's values come from."""

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from local.cli import run_views, step_words
from local.cli.api import Document
from local.cli.moments import seconds
from local.cli.plain import cause, counted, plain, short
from local.cli.step_groups import Group as Steps
from local.cli.step_groups import grouped
from local.cli.style import LABEL, NAME
from local.cli.time_axis import WAITS, Axis
from septet.core.money import dollars

WIDE, WIDER = 84, 120
"""Columns from which there is room for bars, and for long ones."""
_WHAT, _WHY = 140, 300
"""Characters of a step, and of a reason, that are shown; --json and the page have more."""
_BRIEF = 60
"""Of a reason that was told before."""
_INDENT = 9
"""Columns of the time."""
_VALUES = 40
"""Values of one answer or effect that are shown."""
_STYLES = {"failed": "red", "denied": "red", "gone": "red", "open": "cyan"}
_CERTAIN = "Places and labels are certain: the journal has them. That a value was taken from there is inferred: the same stands there."


class Explained:
    """The explanation, laid out for the width that there is."""

    def __init__(self, document: Document, *, every: bool) -> None:
        self._document, self._every = document, every

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """What rich calls to have it drawn."""
        del console
        steps = self._document["steps"]
        told = grouped(steps, every=self._every)
        axis = Axis.of(steps)
        yield from waterfall(told, axis, width=options.max_width, every=self._every)
        yield Text()
        yield _totals(self._document)
        yield from run_views.flagged(self._document["run"])
        yield from _notes(steps, told, axis, width=options.max_width)
        yield from lineage(self._document["lineage"], self._document["run"])
        yield from _end(self._document)


def waterfall(told: Sequence[Document | Steps], axis: Axis, *, width: int, every: bool) -> Iterator[RenderableType]:
    """A line for each step or group, with its reasons below it; *every* one, or those that are not clear from the line itself."""
    bar = 0 if width < WIDE else 18 if width < WIDER else 32
    began = axis.points[0][0]
    said: set[str] = set()
    for one in told:
        step = one.step if isinstance(one, Steps) else one
        yield _line(step, axis, began, bar=bar)
        below = [_reason(by, text, said) for by, text in step_words.reasons(step, every=every)]
        below += [_labels(step)] * (bool(step["given_labels"]) and (every or step["effect"] or step["fate"] == "denied"))
        yield from (Padding(line, (0, 0, 0, _INDENT + bar + bool(bar))) for line in below)


def _reason(by: str, text: str, said: set[str]) -> RenderableType:
    """A reason; a long one that was told above is told in brief."""
    shown = short(cause(text), _WHY)
    if len(shown) > _BRIEF and shown in said:
        return Text(f"{by}: {short(shown, _BRIEF)} (as above)", style=LABEL)
    said.add(shown)
    return Text(f"{by}: {shown}", style=LABEL)


def _labels(step: Document) -> RenderableType:
    return Text(f"labels: {short(step_words.labels(step, 'given_labels'), _WHY)}", style=LABEL)


def _line(step: Document, axis: Axis, began: float, *, bar: int) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0), expand=True)
    grid.add_column(width=8, justify="right", no_wrap=True)
    if bar:
        grid.add_column(width=bar, no_wrap=True)
    grid.add_column(width=16, overflow="fold")
    grid.add_column(ratio=1, overflow="fold")
    if bar:
        grid.add_column(width=9, justify="right", no_wrap=True)
    style = _STYLES.get(step["fate"], "yellow" if step["kind"] in WAITS else "")
    what = Text(short(step["what"] if step["kind"] == "group" else step_words.what(step), _WHAT), style=style)
    who = Text(plain(step_words.who(step)), style=NAME)
    if step["branch"] != "main":
        who.append(f"\n{plain(step['branch'])}", style=LABEL)
    cost = dollars(step["cost_microdollars"]) if step["cost_microdollars"] else ""
    at = Text(f"{seconds(step['start']) - began:.1f} s", style=LABEL)
    what.append_text(_tail(step))
    if bar:
        grid.add_row(at, _bar(step, axis, bar, style), who, what, Text(cost, style=LABEL))
    else:
        grid.add_row(at, who, what.append(f" · {cost}" if cost else "", style=LABEL))
    return grid


def _tail(step: Document) -> Text:
    """How long it took, and how it ended if not well."""
    tail = Text(style=LABEL)
    if took := step_words.took(step):
        tail.append(f" · {took}")
    if step["copied"]:
        tail.append(" · in the run that it was forked from")
    return tail.append(f" · {step['fate']}" if step["fate"] != "done" else "")


def _bar(step: Document, axis: Axis, width: int, style: str) -> Text:
    start, end = axis.span(step)
    first = min(width - 1, int(start * width))
    length = max(1, min(width - first, round((end - start) * width)))
    drawn = "░" if step["kind"] in WAITS else "▏" if step["start"] == step["end"] else "█"
    return Text(f"{' ' * first}{drawn * length}", style=style or "blue")


def _totals(document: Document) -> RenderableType:
    run = document["run"]
    text = Text().append_text(run_views.status(run["status"]))
    told = [f"run {run['id']}", run["workflow"], f"by {run['submitter']}", counted(document["steps_in_all"], "step", "steps")]
    told += [step_words.calls(document), dollars(document["cost_microdollars"]), run_views.took(run)]
    told += [f"trace {document['trace']}"] * bool(document["trace"])
    return text.append(plain("  " + " · ".join(part for part in told if part)), style=LABEL)


def _notes(steps: Sequence[Document], told: Sequence[Document | Steps], axis: Axis, *, width: int) -> Iterator[RenderableType]:
    if len(told) < len(steps):
        yield Text(f"{len(steps):,} steps in {len(told):,} lines: what went as usual stands together. Each of them: --all", style=LABEL)
    if width < WIDE:
        yield Text(f"Bars need {WIDE} columns, this is {width}. septet trace RUN --html FILE draws them in any case.", style=LABEL)
    if axis.cut and width >= WIDE:
        yield Text("Waits are shortened in the bars; the times are exact.", style=LABEL)


def _end(document: Document) -> Iterator[RenderableType]:
    """What went wrong, or who stopped the run and why, as the last thing that is read."""
    failure = document["failure"]
    if failure:
        yield Text()
        status = document["run"]["status"]
        text = Text().append_text(run_views.status(status)).append("  a prepared answer, for" * (status == "succeeded"))
        yield text.append(f"  {plain(failure['class'])}: {plain(cause(failure['message']))}", style="red")


def lineage(found: Document, run: Document) -> Iterator[RenderableType]:
    """Where the values of the answer, and of what was done, come from."""
    for one in [*found["effects"], *([found["answer"]] if found["answer"] else [])]:
        yield Text()
        yield Text(plain(_title(one, run)), style=NAME)
        for value in one["values"][:_VALUES]:
            yield Padding(_traced(value), (0, 0, 0, 2))
        if more := one["more"] + max(0, len(one["values"]) - _VALUES):
            yield Text(f"  and {counted(more, 'value', 'values')} more: --json", style=LABEL)
    if found["effects"] or found["answer"]:
        yield Group(Text(), Text(_CERTAIN, style=LABEL))
    if not found["complete"]:
        yield Text("Not everything could be searched: it is very long, or was erased.", style="yellow")


def _title(one: Document, run: Document) -> str:
    where = "" if one["branch"] == "main" else f" of {one['branch']}"
    if one["kind"] == "effect":
        return f"Where the arguments of {one['who']} come from (entry {one['entry']}{where})"
    place = f"(entry {one['entry']}, {one['who'] or 'the workflow itself'})"
    if run["status"] == "succeeded":
        return f"Where the answer comes from {place}"
    return f"What the last agent answered {place}; the run has no answer"


def _traced(value: Document) -> RenderableType:
    text = Text(f"{plain(value['field'])} ", style="").append(short(step_words.text(value["value"]), _WHAT))
    text.append(f"  [{plain(value['label'])}]", style=LABEL)
    for origin in value["origins"]:
        text.append(f"\n  {short(step_words.origin(origin), _WHY)}", style=LABEL)
    if value["more"]:
        text.append(f"\n  and {counted(value['more'], 'part', 'parts')} more", style=LABEL)
    return text if value["origins"] else text.append(f"\n  {step_words.own(value)}", style=LABEL)
