"""What one entry is taken in with: the state before it, when it was written, and the spans that begin and end with it."""

from collections.abc import Iterable, Mapping
from copy import replace
from typing import Any

from septet.core.entries import LOST, Damaged, Entry
from septet.core.journal import MAIN
from septet.core.traces import of_attempt, of_entry
from septet.observability.places import Place
from septet.observability.spans import Link, Span, Value
from septet.observability.tracing import conventions as words
from septet.observability.tracing.state import ATTEMPTS, OPEN, OPEN_BEFORE, Attempt, Draft, State, added

SEPARATOR = "\x1f"
TURNS = ("invoke_agent", "septet.turn")
"""What turns' spans are called."""


def key(*parts: str) -> str:
    """What an open span is found by: what it is, and whose."""
    return SEPARATOR.join(parts)


def scope(place: Place, attempt: int) -> str:
    """The span that a branch's own spans are under: the attempt's, or the one of the branch in it."""
    run = place.run
    root = of_attempt(run.tenant, run.run, attempt)
    return root if place.path == MAIN else of_entry(run.tenant, run.run, place.path, "branch", attempt)


def finished(place: Place, draft: Draft, end: int, **rest: str) -> Span:
    """*draft* as the span that it is once it has ended."""
    attributes: dict[str, Value] = {**draft.attributes, words.LAST: draft.last}
    if error := words.error(rest.get("error", "")):
        attributes[words.ERROR] = error
    return Span(
        trace=place.context.trace,
        span=draft.span,
        parent=draft.parent,
        name=draft.name,
        kind=draft.kind,
        start=draft.start,
        end=max(draft.start, draft.until, end),
        attributes=attributes,
        links=draft.links,
        events=draft.events,
        error=error,
    )


class Drafting:
    """The state of a branch, opened for one more entry."""

    def __init__(
        self, *, state: State, place: Place, entry: Entry, providers: Mapping[str, str], tools: frozenset[str], agents: frozenset[str]
    ) -> None:
        self.told: list[Span] = []
        self._place = place
        self._entry = entry
        self._providers = providers
        self._tools = tools
        self._agents = agents
        self._state = state
        self._begin_attempt()
        now = self._state.now
        self._previous = now.until if now.start >= 0 else None
        self._at = self._time(now)
        self._open = dict(now.open)
        self._given = dict(self._state.given)
        self._handed, self._worked = self._state.handed, self._state.worked
        self._changes: dict[str, Any] = {}
        self._parent = scope(place, now.number)

    def _begin_attempt(self) -> None:
        """Where another attempt has begun, those before it are remembered until their ends were told, and of what is open in them a bit."""
        state, place = self._state, self._place
        number = place.attempt(self._entry, state.now.number)
        if number == state.now.number:
            return
        over = (*state.before, *((state.now,) if state.now.start >= 0 else ()))
        left, before = OPEN_BEFORE, list[Attempt]()
        for attempt in reversed([one for one in over if one.number >= place.told][-ATTEMPTS:]):
            kept = list(attempt.open.items())[max(0, len(attempt.open) - left) :]
            left -= len(kept)
            self._leave([draft for name, draft in attempt.open.items() if name not in dict(kept)], attempt)
            before.insert(0, replace(attempt, open=dict(kept)))
        self._state = replace(state, now=Attempt(number=number, until=state.now.until), before=tuple(before))

    def _leave(self, drafts: Iterable[Draft], attempt: Attempt) -> None:
        """Tell spans of an attempt that is over as they stand: nobody remembers them until its end is told."""
        for draft in drafts:
            spent: dict[str, Value] = {words.COST: draft.cost, **words.used(draft.usage)} if draft.name.startswith(TURNS) else {}
            whole = replace(draft, attributes={**draft.attributes, **spent})
            self.told.append(finished(self._place, whole, attempt.until, error=LOST))

    def _time(self, now: Attempt) -> int:
        """When the entry was written: never before the one before it, and what comes late to a run that is over is of its end."""
        run, at = self._place.run, self._entry.at
        if isinstance(self._entry.body, Damaged):
            return now.until or run.created_at
        if self.late:
            at = run.ended_at or at
        return max(at, now.until)

    @property
    def late(self) -> bool:
        """Whether it was written after its run was over."""
        run = self._place.run
        return run.status not in ("running", "refused") and run.ended_at is not None and self._entry.at > run.ended_at

    def after(self) -> State:
        """What the branch has come to."""
        now, entry = self._state.now, self._entry
        changed = replace(
            now,
            start=self._at if now.start < 0 else now.start,
            until=self._at,
            open=self._open,
            latest=entry.turn or now.latest,
            cost=now.cost + entry.cost,
            usage=added(now.usage, entry.usage),
            **self._changes,
        )
        return State(now=changed, before=self._state.before, given=self._given, handed=self._handed, worked=self._worked)

    def _draft(
        self,
        kind: str,
        name: str,
        attributes: dict[str, Value],
        *,
        client: bool = False,
        start: int | None = None,
        links: tuple[Link, ...] = (),
        parent: str = "",
    ) -> Draft:
        """A span that begins with the entry."""
        run, number = self._place.run, self._entry.number
        return Draft(
            span=of_entry(run.tenant, run.run, self._place.path, kind, number),
            parent=parent or self._parent,
            name=name,
            start=self._at if start is None else start,
            until=self._at,
            last=number,
            kind="client" if client else "internal",
            attributes=attributes,
            links=links,
        )

    def _attributes(self, told: Mapping[str, Value]) -> dict[str, Value]:
        run = self._place.run
        whose: dict[str, Value] = {words.RUN: run.run, words.PATH: self._place.path, words.CONVERSATION: run.session or run.run}
        return {**whose, words.FIRST: self._entry.number, **told}

    def _link(self, span: str, why: str) -> Link:
        return Link(trace=self._place.context.trace, span=span, attributes={words.RELATION: why})

    def _finish(self, draft: Draft, told: Mapping[str, Value], *, error: str = "") -> None:
        """Tell the span that ends with the entry."""
        whole = replace(draft, attributes={**draft.attributes, **told}, last=self._entry.number)
        self.told.append(finished(self._place, whole, self._at, error=error))

    def _close(self, name: str, *, error: str = "") -> None:
        """Tell what is open under *name*, if anything is: nobody said how it ended."""
        if draft := self._open.pop(name, None):
            self.told.append(finished(self._place, draft, self._at, error=error))

    def _bound(self) -> None:
        """Tell what is open longest where too much is."""
        while len(self._open) > OPEN:
            name = next((one for one in self._open if not one.startswith("turn")), next(iter(self._open)))
            self._close(name, error=LOST)
