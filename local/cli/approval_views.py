"""Questions to a person as a terminal shows them: raw values and where each came from, never a model's words about them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.cli.api import Document
from local.cli.moments import clock, left
from local.cli.plain import plain
from local.cli.run_views import how_to_decide, status
from local.cli.style import LABEL, NAME
from septet.security.labels import Label

SOURCES = {
    Label.CONSTANT: "a choice of the tool's own",
    Label.PROMPT: "the trusted request has it",
    Label.ANCHORED: "of a record that the request picks",
    Label.RECORD: "of a record that the platform keeps",
    Label.DERIVED: "follows from the request or a record",
    Label.COUNTERPARTY: "somebody else's, who is known",
    Label.EXTERNAL: "from outside",
    Label.UNKNOWN: "the agent's own",
}
"""What labels mean to who decides."""
_RANKS = {label.name.lower(): label for label in Label}


def approvals(found: Sequence[Document], *, now: float) -> RenderableType:
    """Some questions, each with all that a person needs to decide."""
    if not found:
        return Text("Nothing waits for a decision.")
    return Group(*(part for one in found for part in (approval(one, now=now), Text())))


def approval(one: Document, *, now: float) -> RenderableType:
    """One question; *now* in seconds since the epoch."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=LABEL, no_wrap=True, width=12)
    grid.add_column(overflow="fold")
    grid.add_row("  call", Text(plain(one["tool"]), style=NAME))
    grid.add_row("", _values(_current(one), notes=_sources(one)))
    if one["edited"] is not None:
        grid.add_row("  changed", Text(plain(f"by {one['edited_by']}; the agent asked for")))
        grid.add_row("", _values(_unlike(one["arguments"], one["edited"])))
    for evidence in one["evidence"]:
        grid.add_row("  evidence", Text(plain(f"{evidence['name']}, from {evidence['source']}")))
        grid.add_row("", _values(evidence["value"]))
    for reason in one["reasons"]:
        grid.add_row("  why", Text(plain(reason)))
    grid.add_row("  asked", Text(plain(_asked(one))))
    for label, told in _people(one):
        grid.add_row(f"  {label}", Text(plain(told)))
    grid.add_row("  run", Text(plain(one["run"])))
    return Group(_head(one, now=now), grid, *_foot(one))


def _asked(one: Document) -> str:
    behalf = f" on behalf of {one['on_behalf_of']} (workflow {one['workflow']})" if one.get("on_behalf_of") else ""
    return f"by {one['asked_by']}{behalf}, {clock(one['asked_at'])}"


def _sources(one: Document) -> Mapping[str, str]:
    """In words, where the arguments come from, by name: the worst of what is in one, or who changed it."""
    ranks: dict[str, int] = {}
    for path, label in one["labels"].items():
        name = re.split(r"[.\[]", path, maxsplit=1)[0]
        ranks[name] = max(ranks.get(name, 0), _RANKS.get(label, Label.UNKNOWN))
    changed = _unlike(one["edited"], one["arguments"]) if one["edited"] is not None else {}
    return {name: SOURCES[Label(rank)] for name, rank in ranks.items()} | dict.fromkeys(changed, f"changed by {one['edited_by']}")


def _current(one: Document) -> Any:
    """The arguments that are decided on."""
    return one["arguments"] if one["edited"] is None else one["edited"]


def _unlike(asked: Any, edited: Mapping[str, Any]) -> Any:
    """Of what the agent *asked* for, that which is not so in *edited*; what the agent left out is said to be."""
    if not isinstance(asked, Mapping):
        return asked
    names = [*asked, *(name for name in edited if name not in asked)]
    return {name: asked.get(name, "(nothing)") for name in names if name not in asked or name not in edited or asked[name] != edited[name]}


def _people(one: Document) -> Iterable[tuple[str, str]]:
    """Who has said yes, who may decide, and from when more people may."""
    needed = f" ({len(one['approved_by'])} of {one['approvers']} approvals)" if one["approvers"] > 1 else ""
    if one["status"] == "pending":
        yield "may decide", ", ".join(one["roles"]) + needed
        if one["escalated"]:
            yield "escalated", f"since {clock(one['escalates_at'])}"
        elif one["escalates_at"]:
            yield "escalates", f"{clock(one['escalates_at'])}, to {', '.join(one['escalate_to'])}"
        if 0 < len(one["approved_by"]) < one["approvers"]:
            yield "missing", _missing(one)
    for vote in one["votes"]:
        how = "approved other arguments" if vote["arguments"] is not None else "approved"
        if one["approvers"] > 1 or vote["arguments"] is not None:
            past = "" if vote["counts"] else "; it does not count: the call was changed after it"
            yield "vote", f"{vote['by']} {how}, {clock(vote['at'])}: {vote['reason'] or '(no reason given)'}{past}"
    if one["used_at"]:
        yield "used", clock(one["used_at"])
    if one.get("refused"):
        yield "not used", one["refused"]


def _missing(one: Document) -> str:
    """Who has still to approve; whoever's word does not count any more may give it again."""
    left_over = one["approvers"] - len(one["approved_by"])
    again = dict.fromkeys(vote["by"] for vote in one["votes"] if not vote["counts"] and vote["by"] not in one["approved_by"])
    roles = f"{left_over} more who may decide and did not submit the run"
    return f"{roles}, such as {', '.join(again)} again" if again else f"{roles}, besides {', '.join(one['approved_by'])}"


def _head(one: Document, *, now: float) -> Text:
    head = Text(plain(one["id"]), style=NAME).append("  ").append_text(status(one["status"]))
    return head.append(f"  {left(one['expires_at'], now=now)} left", style=LABEL) if one["status"] == "pending" else head


def _foot(one: Document) -> Iterable[RenderableType]:
    if one["status"] == "pending":
        return how_to_decide(one["id"], indent=2, call="" if one["edited"] is None else one["call"])
    if not one.get("decided_by"):
        return ()
    decided = Text("  decided     ", style=LABEL)
    return (decided.append(plain(f"by {one['decided_by']}: {one.get('reason') or '(no reason given)'}"), style="default"),)


def _values(value: Any, notes: Mapping[str, str] = MappingProxyType({})) -> RenderableType:
    """Every field on a line of its own, uncut, with what is to be noted of it."""
    if not isinstance(value, Mapping):
        return Text(plain(value))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style=LABEL, overflow="fold")
    grid.add_column(overflow="fold")
    grid.add_column(style=LABEL, overflow="fold")
    for name, item in value.items():
        grid.add_row(Text(plain(name)), Text(plain(item)), Text(plain(notes.get(name, ""))))
    return grid
