"""Stops as a terminal shows them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from local.cli.api import Document
from local.cli.moments import seconds
from local.cli.plain import counted, plain
from local.cli.run_views import status, to_type
from local.cli.style import NAME
from local.cli.tables import Fitted
from septet.core.money import dollars

Rows = tuple[tuple[str, Document], ...]


def progress(stop: Document) -> str:
    """How far a stop is, in one line."""
    covered, running, left = stop["covered"], stop["running"], stop["left"]
    if stop["acknowledged_at"] is None:
        return f"runs marked so far: {covered}"
    if stop["scope"] == "agent":
        what = f"the agent may do nothing more in {counted(covered, 'run', 'runs')}"
        return f"{what}, which {'goes' if covered == 1 else 'go'} on" if covered else "no run is open in which the agent could work"
    if stop["finished_at"] is None:
        return f"nothing new begins; {running} of {covered} still run, {left - running} have something under way"
    return f"nothing runs any more of {covered}"


def proof(stop: Document, runs: Sequence[Document]) -> RenderableType:
    """What a stop has stopped, with all *runs* that it covers."""
    parts: list[RenderableType] = [_head(stop)]
    parts += _without(stop, runs) if stop["scope"] == "agent" else _ended(stop, runs)
    if stop["finished_at"] is None:
        parts.append(Text(f"Left: {progress(stop)}. The platform goes on with it by itself."))
    if stop["scope"] != "run" and not stop["lifted_at"]:
        parts.append(to_type(f"septet stop lift {stop['id']}", before="It stands until it is lifted: "))
    return Group(*parts)


def _without(stop: Document, runs: Sequence[Document]) -> Iterator[RenderableType]:
    """The runs that go on without an agent: nothing of them ends, so there is no more to say of them."""
    if runs:
        table = Fitted("run", "workflow")
        for run in runs:
            table.add_row(Text(plain(run["id"])), plain(run["workflow"]))
        yield table
    if stop["finished_at"] is not None:
        yield Text(_sentence(progress(stop)))


def _ended(stop: Document, runs: Sequence[Document]) -> Iterator[RenderableType]:
    """The runs that a stop ends, what they had done, and their money."""
    if runs:
        yield _runs(runs)
    if done := [(run, effect) for run in runs for effect in run["effects"]]:
        yield _effects(done)
    spent = f"{dollars(stop['spent_microdollars'])} had been spent"
    if any(run["attempt"] for run in runs):
        spent += ", by a run that was restarted: since its restart"
    if stop["held_microdollars"]:
        spent += f"; {dollars(stop['held_microdollars'])} are held for calls under way"
    yield Text(spent)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def _head(stop: Document) -> Text:
    what = {"run": f"run {stop['name']}", "agent": f"agent {stop['name']}"}.get(stop["scope"], f"the {stop['scope']}")
    head = Text(plain(stop["id"]), style=NAME)
    head.append(f"  {plain(what)}, by {plain(stop['by'])}: {plain(stop['reason'])}", style="")
    times = [(name, stop[f"{name}_at"]) for name in ("acknowledged", "finished", "lifted") if stop[f"{name}_at"]]
    for name, at in times:
        head.append(f"\n  {name:<12} after {seconds(at) - seconds(stop['at']):.1f} s")
    return head


def _runs(runs: Sequence[Document]) -> RenderableType:
    table = Fitted("run", "was", "ended as", "after", "spent", "workflow", "left", spare=("workflow", "after", "was"))
    for run in runs:
        took = f"{seconds(run['ended_at']) - seconds(run['since']):.1f} s" if run["ended_at"] else "-"
        left = "" if run["settled"] or run["ended_at"] is None else "a call under way"
        table.add_row(
            Text(plain(run["id"])),
            run["state"],
            status(run["status"]),
            took,
            dollars(run["spent_microdollars"]),
            plain(run["workflow"]),
            left if run["ended_at"] else "runs",
        )
    return table


def _effects(done: Sequence[tuple[Document, Document]]) -> RenderableType:
    table = Fitted("effect", "of run", "happened")
    for run, effect in done:
        table.add_row(plain(effect["tool"]), plain(run["id"]), "yes" if effect["status"] == "happened" else "not known: it was under way")
    return table


def stops(found: Sequence[Document]) -> RenderableType:
    """A list of stops."""
    if not found:
        return Text("Nothing was stopped.")
    return Group(*(part for stop in found for part in _listed(stop)))


def _listed(stop: Document) -> Iterator[RenderableType]:
    """A line with its ids, and one with its words, which may go on in more."""
    what = " ".join(part for part in (stop["scope"], stop["name"]) if part)
    stands = "lifted, " if stop["lifted_at"] else "" if stop["scope"] == "run" else "stands, "
    yield Text(plain(stop["id"]), style=NAME, no_wrap=True, overflow="ignore").append(f"  {plain(what)}", style="default")
    yield Padding(Text(f"{stands}by {plain(stop['by'])}: {plain(stop['reason'])}"), (0, 0, 0, 2))


def running(runs: Sequence[Document], *, now: float) -> RenderableType:
    """What runs, each below the run that started it; *now* in seconds since the epoch."""
    if not runs:
        return Text("Nothing is running.")
    table = Fitted("run", "status", "age", "spent", "workflow", spare=("workflow", "age"))
    for depth, run in _tree(runs):
        age = f"{max(0, now - seconds(run['created_at'])):.0f} s"
        name = f"{'  ' * depth}{plain(run['id'])}"
        table.add_row(Text(name), status(run["status"]), age, dollars(run["cost_microdollars"]), plain(run["workflow"]))
    return table


def everywhere(runs: Sequence[Document], *, now: float) -> RenderableType:
    """What runs of every tenant, each below the run that started it; *now* in seconds since the epoch."""
    if not runs:
        return Text("Nothing is running.")
    table = Fitted("run", "tenant", "status", "age", "workflow", spare=("workflow", "age"))
    for depth, run in _tree(runs):
        age = f"{max(0, now - seconds(run['created_at'])):.0f} s"
        name = f"{'  ' * depth}{plain(run['id'])}"
        table.add_row(Text(name), plain(run["tenant"]), status(run["status"]), age, plain(run["workflow"]))
    return table


def _tree(runs: Sequence[Document]) -> Iterator[tuple[int, Document]]:
    known = {run["id"] for run in runs}
    below: Mapping[str, list[Document]] = defaultdict(list)
    for run in runs:
        below[run["parent"] if run["parent"] in known else ""].append(run)

    def walk(parent: str, depth: int) -> Iterator[tuple[int, Document]]:
        for run in below[parent]:
            yield depth, run
            yield from walk(run["id"], depth + 1)

    return walk("", 0)
