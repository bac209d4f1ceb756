"""Generated values: JSON, entry bodies, chained branches, and what a hostile model might say."""

from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from septet.core.entries import (
    Answer,
    ApprovalAsked,
    ApprovalEdited,
    ApprovalGiven,
    Body,
    Branched,
    Compacted,
    Entry,
    ErasureOrdered,
    Failure,
    Forked,
    HandOver,
    Heard,
    Inquired,
    LimitSet,
    ModelCall,
    ModelFailed,
    ModelReply,
    Note,
    Planned,
    Recalled,
    Request,
    Resolved,
    Restarted,
    Routed,
    Stop,
    ToolCall,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import Branch, Head, Pen
from septet.core.money import Usage
from septet.execution.ports import Reply
from septet.local.journal import MemoryJournal

quick: Callable[[Any], Any] = settings(deadline=None, max_examples=60)
"""The machine is shared: examples are bounded by number, not by time."""

text = st.text(st.characters(codec="utf-8"), max_size=12)
scalars = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False) | text
json_values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8)
objects = st.dictionaries(text, json_values, max_size=4)
numbers = st.integers(0, 2**53)

calls = st.builds(ToolCall, id=text, tool=text, arguments=json_values)
reasons = st.lists(text, max_size=3).map(tuple)

bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(Request, workflow=text, input=objects, submitter=text, trace=text),
    st.builds(ModelCall, model=text, step=numbers, reserved=numbers),
    st.builds(ModelFailed, model=text, error=text, message=text),
    st.builds(ModelReply, model=text, text=text, calls=st.lists(calls, max_size=3).map(tuple), stop=text, cached=st.booleans()),
    st.builds(ToolIntent, call=text, tool=text, arguments=json_values, key=text, reasons=reasons),
    st.builds(ToolResult, call=text, tool=text, value=json_values, error=text, message=text, repeated=st.booleans()),
    st.builds(ApprovalAsked, call=text, tool=text, arguments=json_values, approval=text, expires_at=numbers, reasons=reasons),
    st.builds(ApprovalGiven, call=text, approval=text, decision=text, by=text, reason=text),
    st.builds(ApprovalEdited, call=text, approval=text, arguments=json_values, by=text),
    st.builds(HandOver, to=text, reason=text),
    st.builds(Note, kind=text, text=text),
    st.builds(Compacted, through=numbers),
    st.builds(Planned, plan=json_values),
    st.builds(LimitSet, name=text, before=numbers, after=numbers, by=text),
    st.builds(ErasureOrdered, erasure=text, of=text, subject=text, runs=reasons, by=text),
    st.builds(Answer, value=json_values),
    st.builds(Failure, error=text, message=text),
    st.builds(Stop, by=text, reason=text),
    st.builds(Branched, step=text, paths=reasons, share=numbers),
    st.builds(Resolved, step=text, method=text, paths=reasons, winner=text, value=json_values, rationale=json_values, missing=json_values),
    st.builds(Routed, purpose=text, of=text, to=text, error=text, rationale=json_values),
    st.builds(Inquired, inquiry=text, to=text, question=json_values, expires_at=numbers),
    st.builds(Heard, inquiry=text, outcome=text, value=json_values, by=text),
    st.builds(Recalled, session=text, exchanges=json_values),
    st.builds(Restarted, turns=reasons, by=text),
    st.builds(Forked, run=text, at=numbers, overrides=json_values, by=text),
)
usages = st.none() | st.builds(Usage, input=numbers, output=numbers)


@st.composite
def branches(draw: st.DrawFn, *, least: int = 1) -> list[Entry]:
    """A branch as pens write it, at least *least* entries long."""
    journal, branch = MemoryJournal(), Branch(tenant="acme", run="run-1")
    pen = Pen(journal=journal, branch=branch, clock=lambda: 1, head=Head(), agent=draw(text), turn=draw(text), bundle=draw(text))
    for body in draw(st.lists(bodies, min_size=least, max_size=6)):
        pen.write(body, usage=draw(usages), cost=draw(numbers), labels=draw(st.dictionaries(text, text, max_size=2)))
    return list(journal.read(branch))


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


hostile = st.one_of(
    json_values,
    objects,
    st.sampled_from([float("nan"), float("inf"), {"a": float("-inf")}, "\ud800", {"\udfff": 1}, 10**400]),
    st.sampled_from([33, 500, 20_000]).map(_nested),
    st.sampled_from(["x" * 70_000, {"a": "y" * 300_000}, {"__proto__": {"admin": True}}, {"__class__": "str"}, {"constructor": {}}]),
)
"""Arguments as a model may give them: any JSON, and what parsers of JSON let through."""


def replies(tools: list[str], arguments: st.SearchStrategy[Any] = hostile) -> st.SearchStrategy[Reply]:
    """What a model may say that knows the names of *tools*. Ids of calls are few, so that they repeat."""
    names = st.sampled_from([*tools, "answer", "hand_over", "", "no such tool", "n" * 300])
    asked = st.builds(ToolCall, id=st.sampled_from(["a", "b", ""]), tool=names, arguments=arguments)
    return st.builds(
        Reply,
        text=st.sampled_from(["", "  ", "I am done.", "half a pair: \ud800"]),
        calls=st.lists(asked, max_size=3).map(tuple),
        stop=st.sampled_from(["end", "tools", "tools", "truncated", "refused", "something new"]),
        usage=st.builds(Usage, input=st.integers(0, 5_000), output=st.integers(0, 5_000)),
    )
