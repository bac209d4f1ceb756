"""What ends with an attempt of a run: its own span, those of its branches, and whatever was still open in them."""

from collections.abc import Iterator, Mapping, Sequence
from copy import replace

from septet.core.entries import LOST
from septet.core.frozen import frozen
from septet.core.journal import MAIN
from septet.core.money import Usage
from septet.core.runs import Run
from septet.core.traces import from_header, of_attempt, of_entry
from septet.observability.places import Place
from septet.observability.spans import Link, Span, Value
from septet.observability.tracing import conventions as words
from septet.observability.tracing.drafting import finished, key
from septet.observability.tracing.folding import LOSABLE
from septet.observability.tracing.state import Attempt, Draft, State, added


@frozen
class Over:
    """An attempt that is over."""

    run: Run
    number: int
    parts: Mapping[str, Attempt]
    """What each branch came to in it, by path; none that had nothing to do."""

    @property
    def present(self) -> bool:
        """Whether it is the run's latest: then the record says how it ended."""
        return self.number == self.run.attempt

    @property
    def start(self) -> int:
        """When its first entry was written."""
        starts = [part.start for part in self.parts.values()]
        return min(starts, default=self.run.restarted_at or self.run.created_at)

    @property
    def end(self) -> int:
        """When it ended, as far as its record or its entries tell."""
        ended = self.run.ended_at if self.present and self.run.ended_at is not None else 0
        return max([self.start, ended, *(part.until for part in self.parts.values())])

    @property
    def error(self) -> str:
        """The class of what it ended with; empty when it ended well."""
        if self.present:
            return "" if self.run.status == "succeeded" else self.run.error or words.OTHER
        main = self.parts.get(MAIN)
        return (main.error if main else "") or LOST


def ends(states: Mapping[str, State], run: Run, told: int) -> tuple[Span, ...]:
    """The spans that end with the present attempt of *run*, and with those from *told* on that came before it."""
    attempts: dict[int, dict[str, Attempt]] = {run.attempt: {}}
    for path, state in states.items():
        for part in (*state.before, state.now):
            if part.start >= 0 and told <= part.number <= run.attempt:
                attempts.setdefault(part.number, {})[path] = part
    return tuple(span for number, parts in sorted(attempts.items()) for span in _spans(Over(run=run, number=number, parts=parts)))


def lengthened(place: Place, part: Attempt) -> Span:
    """The span of a branch that was put together, and in which somebody went on nevertheless: until then."""
    return _branch(place, part, Over(run=place.run, number=part.number, parts={place.path: part}), part.until)


def _spans(over: Over) -> Iterator[Span]:
    main = over.parts.get(MAIN, Attempt())
    for path, part in over.parts.items():
        place = Place(run=over.run, path=path)
        end = over.end if path == MAIN else max(part.until, main.parted.get(path, over.end))
        yield from _left(place, part, over, end)
        if path != MAIN:
            yield _branch(place, part, over, end)
    yield _root(over, main)


def _left(place: Place, part: Attempt, over: Over, end: int) -> Iterator[Span]:
    """What was open. The turn that worked last, and what is no turn's, ends with the branch; another turn when it was last heard of."""
    last = key("turn", part.latest)
    until = {draft.span: end if name == last else draft.until for name, draft in part.open.items() if name.startswith("turn")}
    for name, draft in part.open.items():
        if draft.span in until:
            told: dict[str, Value] = {words.COST: draft.cost, **words.used(draft.usage)}
            whole = replace(draft, attributes={**draft.attributes, **told})
            yield finished(place, whole, until[draft.span], error=over.error if name == last else LOST)
        else:
            yield finished(place, draft, until.get(draft.parent, end), error=LOST if name.startswith(LOSABLE) else "")


def _branch(place: Place, part: Attempt, over: Over, end: int) -> Span:
    run = over.run
    draft = Draft(
        span=of_entry(run.tenant, run.run, place.path, "branch", over.number),
        parent=of_attempt(run.tenant, run.run, over.number),
        name=f"septet.branch {place.path}",
        start=part.start,
        until=part.until,
        last=0,
        attributes=_whose(run, over.number, [part]) | {words.PATH: place.path},
        events=part.events,
    )
    return _own(place, draft, end, part.error)


def _root(over: Over, main: Attempt) -> Span:
    run = over.run
    place = Place(run=run)
    told: dict[str, Value] = {words.OPERATION: "invoke_workflow", words.WORKFLOW: run.workflow}
    if over.present:
        told[words.STATUS] = run.status
    draft = Draft(
        span=of_attempt(run.tenant, run.run, over.number),
        parent=place.context.span,
        name=f"invoke_workflow {run.workflow}",
        start=over.start,
        until=over.end,
        last=0,
        attributes=_whose(run, over.number, list(over.parts.values())) | told,
        links=_links(over, place),
        events=main.events,
    )
    return _own(place, draft, over.end, over.error)


def _whose(run: Run, number: int, parts: Sequence[Attempt]) -> dict[str, Value]:
    usage = Usage()
    for part in parts:
        usage = added(usage, part.usage)
    whose: dict[str, Value] = {words.RUN: run.run, words.ATTEMPT: number, words.CONVERSATION: run.session or run.run}
    return {**whose, words.COST: sum(part.cost for part in parts), **words.used(usage)}


def _own(place: Place, draft: Draft, end: int, error: str) -> Span:
    """A span that is no entry's."""
    span = finished(place, draft, end, error=error)
    return replace(span, attributes={name: value for name, value in span.attributes.items() if name != words.LAST})


def _links(over: Over, place: Place) -> tuple[Link, ...]:
    """What the attempt goes on from: the one before, or another run in a trace of its own."""
    run, found = over.run, []
    if over.number:
        before = of_attempt(run.tenant, run.run, over.number - 1)
        found.append(Link(trace=place.context.trace, span=before, attributes={words.RELATION: "attempt"}))
    comes = from_header(run.link)
    if comes and comes.span:
        why = "row" if run.parent else "fork" if run.forked_by else "session" if run.session else "run"
        found.append(Link(trace=comes.trace, span=comes.span, attributes={words.RELATION: why}))
    return tuple(found)
