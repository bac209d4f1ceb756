"""Runs as journals could tell them: several branches, attempts, gaps, copies, any bodies at any times; and how to fold them."""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import replace
from dataclasses import dataclass

from hypothesis import strategies as st

from septet.core.entries import (
    Body,
    Damaged,
    Entry,
    Erased,
    HandOver,
    ModelCall,
    ModelFailed,
    ModelReply,
    Request,
    Restarted,
    Routed,
    ToolIntent,
    ToolResult,
)
from septet.core.journal import Branch, Head, Pen
from septet.core.money import Usage
from septet.core.runs import Run
from septet.core.traces import of_attempt
from septet.local.journal import MemoryJournal
from septet.observability.places import Place
from septet.observability.spans import Span
from septet.observability.tracing import Traces
from septet.observability.tracing.conventions import PURPOSE, WORDS
from septet.observability.tracing.state import State
from tests.unit.strategies import bodies, numbers, text

CALLER = "00000000000000aa"
RUN = Run(
    tenant="acme",
    run="run-1",
    workflow="support",
    submitter="s",
    digest="d",
    created_at=1_700_000_000_000,
    trace=f"Root=1-65000000-000000000000000000000001;Parent={CALLER};Sampled=1",
)
TRACES = Traces(providers={"m": "bedrock"}, tools=frozenset({"find_order", "refund"}), agents=frozenset({"clerk", "boss"}))
turns = st.sampled_from(["", "one", "one", "two", "two", "three"])
agents = st.sampled_from(["clerk", "boss", ""])
usages = st.none() | st.builds(Usage, input=numbers, output=numbers, cache_read=st.just(0) | numbers, cache_write=st.just(0) | numbers)
DECLARED: Mapping[type[Body], Mapping[str, st.SearchStrategy[str]]] = {
    **{key: {"model": st.just("m") | text} for key in (ModelCall, ModelReply, ModelFailed)},
    **{key: {"tool": st.sampled_from([*sorted(TRACES.tools), "read_result"]) | text} for key in (ToolIntent, ToolResult)},
    HandOver: {"to": st.sampled_from(sorted(TRACES.agents)) | text},
    Routed: {"to": st.sampled_from(sorted(TRACES.agents)) | text, "purpose": st.sampled_from(sorted(WORDS[PURPOSE])) | text},
}
"""What an entry names that is declared, or that is not."""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A run and all that its journal holds."""

    run: Run
    branches: Mapping[str, list[Entry]]

    def places(self) -> Iterable[tuple[Place, Entry]]:
        for path, entries in self.branches.items():
            for entry in entries:
                yield Place(run=self.run, path=path), entry

    def own(self) -> Iterable[tuple[str, Entry]]:
        return ((place.path, entry) for place, entry in self.places() if not place.copied(entry))


def folded(story: Story, through: Callable[[State], State] = lambda state: state) -> dict[str, Span]:
    """The spans of a whole run, the last of each id; between any two entries the state goes *through* something."""
    spans, states = [], {}
    for path, entries in story.branches.items():
        state = TRACES.from_json(None)
        for entry in entries:
            state, told = TRACES.take(through(state), Place(run=story.run, path=path), entry)
            spans += told
        states[path] = through(state)
    spans += TRACES.ended(states, story.run)
    return {span.span: span for span in spans}


def through_json(state: State) -> State:
    return TRACES.from_json(json.loads(json.dumps(TRACES.to_json(state))))


def roots(story: Story) -> list[str]:
    return [of_attempt(story.run.tenant, story.run.run, number) for number in range(story.run.attempt + 1)]


def _declared(body: Body) -> st.SearchStrategy[Body]:
    """*body*, with names that are declared in it."""
    return st.fixed_dictionaries(dict(DECLARED.get(type(body), {}))).map(lambda named: replace(body, **named))


@st.composite
def written(draw: st.DrawFn, path: str, first: Body, most: int = 25) -> list[Entry]:
    """A branch: *first*, then anything."""
    journal, branch = MemoryJournal(), Branch(tenant=RUN.tenant, run=RUN.run, path=path)
    now = RUN.created_at + draw(st.integers(0, 10))
    pen = Pen(journal=journal, branch=branch, clock=lambda: now, head=Head())
    pen.write(first)
    attempt = 0
    for body in draw(st.lists(bodies.flatmap(_declared), max_size=most)):
        now += draw(st.sampled_from([0, 1, 5, 1_000, -3]))
        pen.turn, pen.agent = draw(turns), draw(agents)
        if isinstance(body, Restarted):
            attempt += 1
            body = replace(body, attempt=attempt)  # noqa: PLW2901 -- the same, as a run counts
            pen.turn = pen.agent = ""
        pen.write(body, usage=draw(usages), cost=draw(st.integers(0, 100)))
    entries = list(journal.read(branch))
    gone = draw(st.sets(st.integers(0, len(entries) - 1), max_size=3))
    return [_gap(draw, entry) if entry.number in gone and not isinstance(entry.body, Restarted) else entry for entry in entries]


def _gap(draw: st.DrawFn, entry: Entry) -> Entry:
    if draw(st.booleans()):
        return replace(entry, body=Erased(), salt="")
    return Entry(number=entry.number, at=0, body=Damaged(), salt="", digest="", previous="", hash=entry.hash)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A run of up to three branches, ended somehow, maybe restarted, maybe a fork."""
    request = Request(workflow="support", input={"message": "hello"}, submitter="s", trace=RUN.trace)
    paths = draw(st.sampled_from([(), ("r-0",), ("r-0", "r-1")]))
    branches = {"main": draw(written("main", request))}
    branches |= {path: draw(written(path, request, 10)) for path in paths}
    attempts = [entry.body.attempt for entries in branches.values() for entry in entries if isinstance(entry.body, Restarted)]
    last = max(entry.at for entries in branches.values() for entry in entries)
    ended = max(RUN.created_at, last + draw(st.sampled_from([-4, 0, 3, 5_000])))
    status, error = draw(st.sampled_from([("succeeded", ""), ("failed", "ToolFailed"), ("stopped", "RunStopped"), ("timed_out", "")]))
    run = replace(RUN, paths=paths, attempt=max(attempts, default=0), status=status, error=error, ended_at=ended)
    if draw(st.booleans()):
        run = replace(run, forked_by="o", copied=(("main", draw(st.integers(0, len(branches["main"])))),))
    return Story(run=run, branches=branches)
