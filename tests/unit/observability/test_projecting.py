"""The projector: every entry once, however often, late or twice it is told; what it cannot take keeps nobody waiting."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.costs import Spent
from septet.core.entries import Damaged, Entry, ModelReply, Note, Request
from septet.core.errors import StoreUnavailable
from septet.core.journal import Branch, Head, Journal, Pen, after
from septet.core.runs import Run
from septet.local.costs import MemoryCosts
from septet.local.journal import MemoryJournal
from septet.local.observing import MemoryAside, MemoryExporter, MemoryMeter, MemoryProgresses
from septet.local.runs import MemoryRuns
from septet.observability import costing
from septet.observability.costing import Books
from septet.observability.measures import Measure
from septet.observability.places import Place
from septet.observability.projecting import PORTION, TRIES, Part, Projection, Projector
from septet.observability.spans import Span, SpansRefused

RUN = Run(tenant="acme", run="run-1", workflow="support", submitter="ann", digest="d", created_at=1_000)
MAIN = Branch(tenant="acme", run="run-1")


class Numbers:
    """A projection for these tests: a span and a measure for each entry; its state is how many there were."""

    def __init__(self, broken: frozenset[int] = frozenset()) -> None:
        self.broken = broken

    def take(self, state: int, place: Place, entry: Entry) -> tuple[int, Sequence[Span | Measure]]:
        if entry.number in self.broken:
            raise ValueError("no")
        return state + 1, (
            _span(place.path, entry.number),
            Measure(metric="ToolCalls", value=1, dimensions={"tool": place.path}, at=entry.at),
        )

    def ended(self, states: Mapping[str, int], run: Run, told: int) -> Sequence[Span | Measure]:
        assert told <= run.attempt
        return (
            _span("end", run.attempt),
            Measure(metric="RunsEnded", value=sum(states.values()), dimensions={"workflow": run.workflow}, at=0),
        )

    def to_json(self, state: int) -> Any:
        return state

    def from_json(self, value: Any) -> int:
        return int(value or 0)


class Figures:
    """A keeper for these tests."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.closed: list[tuple[int, Mapping[str, int]]] = []

    def keep(self, place: Place, state: int) -> None:
        self.kept[place.path] = state

    def close(self, run: Run, states: Mapping[str, int]) -> None:
        self.closed.append((run.attempt, dict(states)))


class Bench:
    """A projector over doubles."""

    def __init__(self, projection: Projection | None = None, journal: Journal | None = None) -> None:
        self.journal = journal or MemoryJournal()
        self.runs = MemoryRuns()
        self.runs.create(RUN)
        self.progresses, self.exporter, self.meter, self.aside, self.figures = (
            MemoryProgresses(),
            MemoryExporter(),
            MemoryMeter(),
            MemoryAside(),
            Figures(),
        )
        self.projection = projection or Numbers()

    def projector(self, **other: Any) -> Projector:
        given: dict[str, Any] = {
            "journal": self.journal,
            "runs": self.runs,
            "progresses": self.progresses,
            "parts": {"numbers": Part(projection=self.projection, keeper=self.figures)},
            "exporter": self.exporter,
            "meter": self.meter,
            "aside": self.aside,
            "clock": lambda: 5_000,
        }
        return Projector(**given | other)

    def write(self, count: int, path: str = "main") -> None:
        branch = Branch(tenant="acme", run="run-1", path=path)
        standing = list(self.journal.read(branch))
        head = Head(number=standing[-1].number + 1, hash=standing[-1].hash) if standing else Head()
        pen = Pen(journal=self.journal, branch=branch, clock=lambda: 2_000, head=head)
        for number in range(count):
            pen.write(Note(kind="check", text=str(number)) if pen.number else Request(workflow="support", input={}, submitter="ann"))

    def told(self, metric: str) -> list[float]:
        return [one.value for one in self.meter.measures if one.metric == metric]


def _span(path: str, number: int) -> Span:
    return Span(trace="1" * 32, span=f"{path}-{number}", parent="", name="n", kind="internal", start=0, end=1, attributes={})


def test_what_is_new_is_taken_once() -> None:
    bench = Bench()
    bench.write(3)
    assert bench.projector().project("acme", "run-1", "main") == 3
    assert bench.projector().project("acme", "run-1", "main") == 0
    bench.write(2)
    assert bench.projector().project("acme", "run-1", "main") == 2
    assert len(bench.exporter.spans) == 5
    assert bench.told("ToolCalls") == [1] * 5
    assert bench.figures.kept == {"main": 5}
    assert bench.told("ProjectionLag") == [3_000] * 5


def test_a_long_branch_is_taken_in_portions_each_with_its_checkpoint() -> None:
    bench = Bench()
    bench.write(2 * PORTION + 1)

    class Counted(MemoryProgresses):
        kept = 0

        def keep(self, *arguments: Any, **named: Any) -> None:
            Counted.kept += 1
            super().keep(*arguments, **named)

    assert bench.projector(progresses=Counted()).project("acme", "run-1", "main") == 2 * PORTION + 1
    assert Counted.kept == 3


@pytest.mark.parametrize(("entries", "reads"), [(3, 1), (PORTION - 1, 1), (PORTION, 2), (PORTION + 1, 2)])
def test_a_branch_that_was_read_to_its_end_is_not_asked_again(entries: int, reads: int) -> None:
    class Asked(MemoryJournal):
        times = 0

        def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
            self.times += 1
            return super().read(branch, after=after)

    bench = Bench(journal=(journal := Asked()))
    bench.write(entries)
    journal.times = 0
    assert bench.projector().project("acme", "run-1", "main") == entries
    assert journal.times == reads


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=6), st.data())
def test_killed_anywhere_and_told_twice_every_entry_is_told_and_no_measure_twice(sizes: list[int], data: st.DataObject) -> None:
    bench = Bench()
    for size in sizes:
        bench.write(size)
        calls = iter(range(100))
        dies_at = data.draw(st.integers(0, 12))

        def alive(calls: Iterator[int] = calls, dies_at: int = dies_at) -> None:
            if next(calls) == dies_at:
                raise StoreUnavailable("killed here")

        killed = bench.projector(**{name: _Dying(getattr(bench, name), alive) for name in ("progresses", "exporter", "meter")})
        for _ in range(2):
            try:
                killed.project("acme", "run-1", "main")
            except StoreUnavailable:
                continue
    bench.projector().project("acme", "run-1", "main")
    entries = sum(sizes)
    assert len(bench.exporter.spans) == entries
    assert sum(bench.told("ToolCalls")) <= entries
    assert bench.figures.kept.get("main", 0) == entries


class _Dying:
    """Something of the bench that may be the last that is reached."""

    def __init__(self, real: Any, alive: Any) -> None:
        self._real, self._alive = real, alive

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self._alive()
            return getattr(self._real, name)(*arguments, **named)

        return call


def test_two_projectors_at_once_tell_each_measure_once() -> None:
    bench = Bench()
    bench.write(4)

    class Overtaken(MemoryExporter):
        """While the first exports, another projector does all of it."""

        def export(self, spans: Sequence[Span]) -> None:
            super().export(spans)
            if not bench.told("ToolCalls"):
                bench.projector().project("acme", "run-1", "main")

    assert bench.projector(exporter=Overtaken()).project("acme", "run-1", "main") == 0
    assert bench.told("ToolCalls") == [1] * 4


def test_an_entry_that_a_projection_cannot_take_is_put_aside_and_the_others_go_on() -> None:
    bench = Bench(Numbers(broken=frozenset({1})))
    bench.write(3)
    bench.projector().project("acme", "run-1", "main")
    assert [(span.span) for span in bench.exporter.spans.values()] == ["main-0", "main-2"]
    ((body, reason),) = bench.aside.put_aside
    assert '"number":1' in body
    assert reason == "ValueError"
    assert bench.told("ProjectionPoison") == [1]


def test_what_is_stored_as_no_entry_is_put_aside() -> None:
    damaged = Entry(number=0, at=0, body=Damaged(), salt="", digest="", previous="", hash="")

    class Broken:
        def read(self, _: Branch, *, after: int = -1) -> Iterator[Entry]:
            return iter([damaged] if after < 0 else [])

    bench = Bench(journal=Broken())  # type: ignore[arg-type]  # nothing is appended
    bench.projector().project("acme", "run-1", "main")
    assert [reason for _, reason in bench.aside.put_aside] == ["what is stored is no entry"]


def test_the_end_of_a_run_is_told_once_for_each_attempt_after_all_its_branches() -> None:
    bench = Bench()
    bench.write(2)
    bench.write(3, "specialists-0")
    bench.runs.part("acme", "run-1", ["specialists-0"])
    assert bench.projector().project("acme", "run-1") == 0, "it runs"
    bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
    for _ in range(2):
        bench.projector().project("acme", "run-1")
    assert bench.told("RunsEnded") == [5]
    assert bench.figures.closed == [(0, {"main": 2, "specialists-0": 3})]

    bench.runs.restart("acme", "run-1", attempt=1, at=4_000, execution="e")
    bench.runs.claim("acme", "run-1", "e", attempt=1)
    bench.write(1)
    bench.runs.close("acme", "run-1", status="succeeded", ended_at=5_000)
    bench.projector().project("acme", "run-1")
    assert bench.told("RunsEnded") == [5, 6]
    assert {"end-0", "end-1"} <= {span.span for span in bench.exporter.spans.values()}


@pytest.mark.parametrize("claimed", [False, True])
def test_a_restart_that_was_refused_ends_nothing(*, claimed: bool) -> None:
    bench = Bench()
    bench.write(2)
    if claimed:
        bench.runs.claim("acme", "run-1", "e")
    bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
    bench.projector().project("acme", "run-1")
    for attempt in (1, 2):
        before = bench.runs.get("acme", "run-1")
        assert before
        bench.runs.restart("acme", "run-1", attempt=attempt, at=4_000, execution="e")
        assert bench.runs.take_back(before, attempt=attempt)
        bench.projector().project("acme", "run-1")
    assert bench.told("RunsEnded") == [2]
    assert len(bench.figures.closed) == 1
    bench.runs.restart("acme", "run-1", attempt=3, at=5_000, execution="e")
    bench.runs.claim("acme", "run-1", "e", attempt=3)
    bench.runs.close("acme", "run-1", status="succeeded", ended_at=6_000)
    bench.projector().project("acme", "run-1")
    assert bench.told("RunsEnded") == [2, 2], "one that was let in does end"
    assert [attempt for attempt, _ in bench.figures.closed] == [0, 3]


@pytest.mark.parametrize(("run", "path"), [("run-2", "main"), ("run-2", ""), ("budget", "main")])
def test_what_is_no_run_has_nothing(run: str, path: str) -> None:
    assert Bench().projector().project("acme", run, path) == 0


def test_a_run_that_was_refused_did_not_end() -> None:
    bench = Bench()
    bench.runs.refuse("acme", "run-1", at=2_000, error="Overloaded", message="")
    bench.projector().project("acme", "run-1")
    assert bench.told("RunsEnded") == []


class Refusing:
    """A collector that never takes a span."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    def export(self, _: Sequence[Span]) -> None:
        self.asked += 1
        raise self.error


def test_a_collector_that_takes_nothing_keeps_no_figures_from_anybody_and_is_given_up_after_some_tries() -> None:
    bench = Bench()
    bench.write(3)
    down = Refusing(StoreUnavailable("503"))
    for _ in range(TRIES - 1):
        with pytest.raises(StoreUnavailable):
            bench.projector(exporter=down).project("acme", "run-1", "main")
        assert bench.figures.kept == {"main": 3}
        assert not bench.aside.put_aside
        assert not bench.told("ToolCalls")
    assert bench.projector(exporter=down).project("acme", "run-1", "main") == 3
    assert bench.told("ToolCalls") == [1, 1, 1]
    assert bench.told("ProjectionPoison") == [1]
    ((body, reason),) = bench.aside.put_aside
    assert json.loads(body) == {"tenant": "acme", "run": "run-1", "path": "main", "from": 0, "to": 2, "projection": "spans"}
    assert reason == "StoreUnavailable: 503"
    assert down.asked == TRIES
    bench.write(1)
    with pytest.raises(StoreUnavailable):
        bench.projector(exporter=down).project("acme", "run-1", "main")


@pytest.mark.parametrize("error", [SpansRefused("403"), ValueError("no span")])
def test_a_collector_that_never_takes_them_is_given_up_at_once_at_the_end_too(error: Exception) -> None:
    bench = Bench()
    bench.write(1)
    bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
    bench.projector(exporter=Refusing(error)).project("acme", "run-1")
    assert bench.told("RunsEnded") == [1]
    assert [(json.loads(body)["path"], json.loads(body)["from"]) for body, _ in bench.aside.put_aside] == [("main", 0), ("*", 0)]


def test_an_end_that_a_projection_cannot_tell_keeps_it_from_nobody_else() -> None:
    class Endless(Numbers):
        def ended(self, states: Mapping[str, int], run: Run, told: int) -> Sequence[Span | Measure]:  # noqa: ARG002 -- as every projection
            raise KeyError(run.run)

    bench = Bench()
    bench.write(1)
    bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
    parts = {"bad": Part(projection=Endless()), "numbers": Part(projection=Numbers())}
    bench.projector(parts=parts).project("acme", "run-1")
    bench.projector(parts=parts).project("acme", "run-1")
    assert bench.told("RunsEnded") == [1]
    assert bench.told("ProjectionPoison") == [1]
    ((body, reason),) = bench.aside.put_aside
    assert (json.loads(body), reason) == (
        {"tenant": "acme", "run": "run-1", "path": "*", "attempt": 0, "projection": "bad"},
        "KeyError",
    )


class Broken(Figures):
    """Figures that cannot be written, however often it is tried."""

    def keep(self, place: Place, state: int) -> None:
        raise KeyError(f"{place.path} {state}")

    def close(self, run: Run, states: Mapping[str, int]) -> None:
        raise TypeError(f"{run.run} {states}")


def test_figures_that_cannot_be_written_are_put_aside_and_keep_nothing_else_up() -> None:
    bench = Bench()
    bench.write(2)
    bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
    parts = {
        "bad": Part(projection=Numbers(), keeper=Broken()),
        "numbers": Part(projection=bench.projection, keeper=bench.figures),
    }
    bench.projector(parts=parts).project("acme", "run-1")
    assert bench.figures.kept == {"main": 2}
    assert bench.figures.closed == [(0, {"main": 2})]
    assert [(json.loads(body), reason) for body, reason in bench.aside.put_aside] == [
        ({"tenant": "acme", "run": "run-1", "path": "main", "from": 0, "to": 1, "projection": "bad"}, "KeyError"),
        ({"tenant": "acme", "run": "run-1", "path": "*", "attempt": 0, "projection": "bad"}, "TypeError"),
    ]
    assert bench.told("ProjectionPoison") == [1, 1]


def test_figures_that_cannot_be_written_now_come_again() -> None:
    class Down(Figures):
        def keep(self, place: Place, state: int) -> None:
            raise StoreUnavailable(f"{place.path} {state}")

    bench = Bench()
    bench.write(2)
    with pytest.raises(StoreUnavailable):
        bench.projector(parts={"numbers": Part(projection=bench.projection, keeper=Down())}).project("acme", "run-1", "main")
    assert not bench.aside.put_aside
    assert bench.projector().project("acme", "run-1", "main") == 2


def test_what_is_lost_is_put_aside_and_counted() -> None:
    bench = Bench()
    bench.projector().lose("what", "why")
    assert bench.aside.put_aside == [("what", "why")]
    assert bench.told("ProjectionPoison") == [1]


@pytest.mark.parametrize("path", ["*", "~platform", "elsewhere"])
def test_a_branch_that_the_record_does_not_name_is_left_out(path: str) -> None:
    bench = Bench()
    bench.write(1)
    bench.write(2, path)
    assert bench.projector().project("acme", "run-1", path) == 0
    assert not bench.figures.kept
    bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
    bench.projector().project("acme", "run-1")
    assert bench.told("RunsEnded") == [1]
    assert not bench.aside.put_aside


def test_what_a_slow_projector_knew_replaces_no_later_costs() -> None:
    bench = Bench()
    bench.write(1)

    class Slow(MemoryCosts):
        """While the first is about to write, another writes all."""

        def put(self, spent: Spent, *, again: bool = False) -> None:
            if spent.cost == 100:
                _charge(bench, 900)
                bench.projector(parts=parts).project("acme", "run-1", "main")
            super().put(spent, again=again)

    costs = Slow()
    parts = {"costs": Part(projection=costing, keeper=Books(costs=costs))}
    _charge(bench, 100)
    bench.projector(parts=parts).project("acme", "run-1", "main")
    (found,), _ = costs.page("acme", since="1970-01-01", until="2100-01-01", limit=9)
    assert found.cost == 1000


def _charge(bench: Bench, cost: int) -> None:
    branch = Branch(tenant="acme", run="run-1")
    pen = Pen(journal=bench.journal, branch=branch, clock=lambda: 2_000, head=after(bench.journal.read(branch)), agent="a", turn="t")
    pen.write(ModelReply(model="m", text="", calls=(), stop="end"), cost=cost)


class Places(Numbers):
    """A projection that notes which attempts' ends it was told are still to be told."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, int, int]] = []

    def take(self, state: int, place: Place, entry: Entry) -> tuple[int, Sequence[Span | Measure]]:
        self.seen.append((place.run.attempt, place.told, entry.number))
        return super().take(state, place, entry)


def test_a_projection_is_told_which_attempts_have_been_told_so_that_it_forgets_them() -> None:
    places = Places()
    bench = Bench(places)
    for attempt in (0, 1, 2):
        bench.write(1)
        bench.projector().project("acme", "run-1", "main")
        bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
        bench.projector().project("acme", "run-1")
        bench.runs.restart("acme", "run-1", attempt=attempt + 1, at=4_000, execution="e")
        bench.runs.claim("acme", "run-1", "e", attempt=attempt + 1)
    assert places.seen == [(0, 0, 0), (1, 1, 1), (2, 2, 2)]


def test_an_end_that_was_not_told_is_remembered_however_far_the_run_went_on() -> None:
    places = Places()
    bench = Bench(places)
    bench.write(1)
    for attempt in (1, 2):
        bench.runs.close("acme", "run-1", status="failed", ended_at=3_000)
        bench.runs.restart("acme", "run-1", attempt=attempt, at=4_000, execution="e")
        bench.runs.claim("acme", "run-1", "e", attempt=attempt)
    bench.projector().project("acme", "run-1", "main")
    assert places.seen == [(2, 0, 0)]
