"""Replays: what was lost is there again, no measure is told, and the live projector tells what it would have told without them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from septet.core.costs import Spent
from septet.core.entries import Answer, Body, Damaged, Entry, Erased, ModelCall, ModelReply, Note, Restarted
from septet.core.errors import Fenced, StoreUnavailable
from septet.core.journal import Branch, Head, Pen
from septet.core.replays import LAST, SHOWN, Replay
from septet.core.runs import Page, Run
from septet.core.summaries import Summary
from septet.local.costs import MemoryCosts
from septet.local.journal import MemoryJournal
from septet.local.observing import MemoryAside, MemoryExporter, MemoryMeter, MemoryProgresses
from septet.local.replays import MemoryReplays
from septet.local.runs import MemoryRuns
from septet.local.summaries import MemorySummaries
from septet.observability import costing
from septet.observability import summaries as summing
from septet.observability.costing import Books
from septet.observability.metering import Metering
from septet.observability.places import Place
from septet.observability.platform_costs import Estimator, Happened
from septet.observability.progress import Progress, Progresses
from septet.observability.projecting import PORTION, Part, Projector
from septet.observability.replaying import DEATHS, DELAYS, IN_A_ROW, PAGE, Replayer
from septet.observability.silent import Silent
from septet.observability.spans import Span, SpansRefused
from septet.observability.summaries import Digests
from tests.unit.observability.tracing.stories import RUN, TRACES, Story, stories

AT = RUN.created_at + 10**9
ORDER = Replay(tenant="acme", replay="rpl-1", by="olga", at=AT, of="acme", before=(AT, LAST))


class Shelf:
    """A journal of entries as they were stored, damaged ones too, which becomes longer."""

    def __init__(self) -> None:
        self.held: dict[Branch, list[Entry]] = {}

    def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
        return iter(self.held.get(branch, [])[after + 1 :])


class World:
    """A platform's journals and runs, what they are projected to, and whoever does that."""

    def __init__(self) -> None:
        self.journal: Any = Shelf()
        self.runs: Any = MemoryRuns()
        self.costs, self.summaries, self.exporter = MemoryCosts(), MemorySummaries(), MemoryExporter()
        self.progresses, self.meter, self.aside = MemoryProgresses(), MemoryMeter(), MemoryAside()
        self.replays = MemoryReplays()
        self.own: dict[str, MemoryProgresses] = {}
        self.calls: list[tuple[str, str, int]] = []
        self.now = AT

    @property
    def live(self) -> Projector:
        keepers = self._kept()
        metrics = Part(projection=Metering(tools=frozenset({"find_order"}), models=frozenset({"m"})))
        return self._projector(parts={"spans": Part(projection=TRACES), "metrics": metrics, **keepers}, meter=self.meter)

    def _kept(self) -> dict[str, Part]:
        return {
            "costs": Part(projection=costing, keeper=Books(costs=self.costs)),
            "summaries": Part(projection=summing, keeper=Digests(summaries=self.summaries)),
        }

    def _projector(self, **more: Any) -> Projector:
        given: dict[str, Any] = {
            "journal": self.journal,
            "runs": self.runs,
            "progresses": self.progresses,
            "exporter": self.exporter,
            "aside": self.aside,
            "clock": lambda: self.now,
        }
        return Projector(**given | more)

    def replayer(self, **other: Any) -> Replayer:
        projector = self._projector(parts={"spans": Part(projection=TRACES), **self._kept()}, meter=Silent(), progresses=_None())
        given: dict[str, Any] = {
            "replays": self.replays,
            "runs": self.runs,
            "projector": partial(replace, replace(projector, **other.pop("telling", {}))),
            "progresses": self.checkpoints,
            "call": self.call,
            "clock": lambda: self.now,
        }
        return Replayer(**given | other)

    def call(self, tenant: str, replay: str, delay: int) -> None:
        """Somebody is called, and comes when it is time."""
        self.calls.append((tenant, replay, delay))
        self.now += delay * 1000

    def checkpoints(self, replay: Replay) -> Progresses:
        return self.own.setdefault(replay.replay, MemoryProgresses())

    def ordered(self, **more: Any) -> Replay:
        return self.replays.create(replace(ORDER, **more), self.replays.going("acme"))

    def replay(self, most: int = 200, **more: Any) -> Replay:
        """A whole replay, however often it hands itself on."""
        order = self.ordered(**more)
        stands: Replay | None = order
        for _ in range(most):
            stands = self.replayer().go_on("acme", order.replay, more=lambda: True)
            if stands is None or stands.status != "running":
                break
        assert stands
        return stands

    def lose(self) -> None:
        """All that was projected is gone, but for the checkpoints."""
        self.costs, self.summaries, self.exporter = MemoryCosts(), MemorySummaries(), MemoryExporter()

    def run(self, name: str, entries: Sequence[Entry], **more: Any) -> Run:
        """A run that has ended, of a journal."""
        run = replace(RUN, **{"run": name, "status": "succeeded", "ended_at": RUN.created_at + 60_000, **more})
        self.runs.create(run)
        self.journal.held[Branch(tenant="acme", run=name)] = list(entries)
        return run

    @property
    def stands(self) -> tuple[dict[Any, Span], list[Spent], dict[Any, Summary]]:
        """Spans, costs and summaries."""
        found, _ = self.costs.page("acme", since="1900", until="2999", limit=10**6)
        return self.exporter.spans, list(found), self.summaries._held


class _None:
    """No checkpoints: whoever replays without its own would be found out."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a replay asked the live checkpoints to {name}")


def steps(story: Story, cuts: Sequence[int]) -> Iterator[tuple[Run, dict[str, list[Entry]]]]:
    """How the record and the journal stood one after another: entries come in some portions, each attempt ends before the next begins."""
    running = replace(story.run, status="running", ended_at=None, error="", attempt=0, claimed=0)
    shown = dict.fromkeys(story.branches, 0)
    for cut in cuts:
        for path, entries in story.branches.items():
            shown[path] = min(len(entries), shown[path] + cut)
        attempt = max(_attempts(story, shown), default=0)
        if attempt > running.attempt:
            running = replace(running, attempt=attempt, claimed=attempt)
        yield running, {path: entries[: shown[path]] for path, entries in story.branches.items()}
    yield replace(story.run, claimed=story.run.attempt), dict(story.branches)


def _attempts(story: Story, shown: Mapping[str, int]) -> Iterator[int]:
    for path, entries in story.branches.items():
        yield from (entry.body.attempt for entry in entries[: shown[path]] if isinstance(entry.body, Restarted))


def lived(world: World, story: Story, cuts: Sequence[int], replays: Mapping[int, int]) -> None:
    """The live projector goes along with a run, and between its looks there are replays, each cut off after some calls for more time."""
    for number, (run, branches) in enumerate(steps(story, cuts)):
        world.runs.records[run.tenant, run.run] = run
        for path, entries in branches.items():
            world.journal.held[Branch(tenant=run.tenant, run=run.run, path=path)] = entries
        if number in replays:
            cut_off(world, f"rpl-{number}", replays[number])
        for path in run.branches:
            world.live.project(run.tenant, run.run, path)
        world.live.project(run.tenant, run.run)


def cut_off(world: World, name: str, looks: int) -> None:
    """A replay that gets that far."""
    world.ordered(replay=name)
    world.replayer().go_on("acme", name, more=few(looks))


def few(looks: int) -> Callable[[], bool]:
    """Time for so many looks at checkpoints."""
    counted = iter(range(looks))
    return lambda: next(counted, None) is not None


portions = st.lists(st.integers(1, 6), max_size=8)


def _over(story: Story) -> Story:
    """The story with an end after its last entry: whoever looks at a later one finds the run over, and has its spans end with it."""
    last = max(entry.at for entries in story.branches.values() for entry in entries)
    return Story(run=replace(story.run, ended_at=max(story.run.ended_at or 0, last)), branches=story.branches)


@settings(deadline=None, max_examples=80)
@given(stories().map(_over), portions)
def test_after_all_is_lost_a_replay_gives_what_the_live_projector_gave_and_tells_no_measure(story: Story, cuts: list[int]) -> None:
    world = World()
    lived(world, story, cuts, {})
    before, told = world.stands, list(world.meter.measures)
    world.lose()
    found = world.replay()
    assert (found.status, found.done) == ("finished", 1)
    for one, other in zip(world.stands, before, strict=True):
        assert one == other
    assert world.meter.measures == told
    assert bool(found.failed) == bool(world.aside.put_aside)


@settings(deadline=None, max_examples=80)
@given(stories().map(_over), portions, st.dictionaries(st.integers(0, 8), st.integers(1, 12), max_size=3))
def test_with_replays_in_between_the_live_projector_tells_what_it_would_have_told(
    story: Story, cuts: list[int], replays: dict[int, int]
) -> None:
    alone, among = World(), World()
    lived(alone, story, cuts, {})
    lived(among, story, cuts, replays)
    assert among.meter.measures == alone.meter.measures
    assert among.aside.put_aside == alone.aside.put_aside
    assert among.stands == alone.stands
    for name in (f"rpl-{number}" for number in replays):
        for _ in range(3):
            among.replayer().go_on("acme", name, more=lambda: True)
    assert among.stands == alone.stands, "what is told late replaces nothing"


LONG = 4 * PORTION + 1


def entries(count: int) -> list[Entry]:
    """A journal of notes."""
    journal = MemoryJournal()
    pen = Pen(journal=journal, branch=Branch(tenant="acme", run="any"), clock=lambda: RUN.created_at, head=Head(), agent="clerk", turn="t")
    for number in range(count):
        pen.write(Note(kind="check", text=str(number)))
    return list(journal.read(pen.branch))


def written(*bodies: Body, cost: int = 0) -> list[Entry]:
    """A journal of bodies, a second apart, each of which cost so much."""
    at = iter(range(RUN.created_at, RUN.created_at + 10**8, 1000))
    branch = Branch(tenant="acme", run="any")
    pen = Pen(journal=MemoryJournal(), branch=branch, clock=lambda: next(at), head=Head(), agent="triage", turn="t")
    return [pen.write(body, cost=cost) for body in bodies]


class Down:
    """A collector that is down for the runs that are named, or for all, so many times."""

    def __init__(self, error: Exception, times: int = 10**6, world: World | None = None) -> None:
        self.error, self.times, self.world = error, times, world

    def export(self, spans: Sequence[Span]) -> None:
        if self.times > 0:
            self.times -= 1
            raise self.error
        if self.world:
            self.world.exporter.export(spans)


def test_runs_are_gone_through_from_the_latest_on_and_those_that_came_after_the_order_are_left_to_the_live_projector() -> None:
    world, written = World(), entries(1)
    for number in range(2 * PAGE + 3):
        world.run(f"run-{number:04d}", written, created_at=AT - number)
    world.run("run-later", written, created_at=AT + 1)
    done = world.replay()
    assert (done.status, done.done, done.failed, done.entries) == ("finished", 2 * PAGE + 3, 0, 2 * PAGE + 3)
    assert done.finished_at == AT
    assert ("acme", "run-later") not in world.summaries._held
    assert world.replay(replay="rpl-2").done == 2 * PAGE + 3, "another one does it again"
    assert not world.meter.measures


def test_since_when_means_what_went_on_then_or_began_later() -> None:
    world, written = World(), entries(1)
    world.run("over-before", written, created_at=100, ended_at=199)
    world.run("over-after", written, created_at=100, ended_at=200)
    world.run("restarted", written, created_at=100, ended_at=150, restarted_at=200, attempt=1)
    world.run("going-on", written, created_at=100, ended_at=None, status="running")
    world.run("begun-after", written, created_at=300, ended_at=301)
    assert world.replay(since=200).done == 4
    assert ("acme", "over-before") not in world.summaries._held
    assert world.summaries._held["acme", "going-on"].ended is None


def test_one_run_alone_and_one_that_is_not_there() -> None:
    world, written = World(), entries(2)
    for name in ("run-1", "run-2"):
        world.run(name, written)
    assert (world.replay(run="run-2").done, [*world.summaries._held]) == (1, [("acme", "run-2")])
    assert world.replay(replay="rpl-2", run="run-3").done == 0


def test_a_long_run_is_gone_on_with_by_the_next_call_where_the_last_one_was() -> None:
    world = World()
    world.run("run-1", entries(LONG))
    read: list[int] = []
    shelf = world.journal

    class Watched:
        def read(self, branch: Branch, *, after: int = -1) -> Iterator[Entry]:
            read.append(after)
            return iter(shelf.read(branch, after=after))

    stands, looks = world.ordered(), 0
    while stands.status == "running":
        found = world.replayer(telling={"journal": Watched()}).go_on("acme", "rpl-1", more=few(3))
        assert found
        stands, looks = found, looks + 1
        assert looks < 20
    assert looks > 2
    assert world.calls == [("acme", "rpl-1", 0)] * (looks - 1)
    assert sorted(set(read)) == [-1, *(number * PORTION - 1 for number in range(1, 5)), LONG - 1]
    assert read.count(-1) == 1, "no portion is read twice"
    assert stands.done == 1
    assert world.summaries._held["acme", "run-1"].parts["main"].through == LONG - 1


def test_a_damaged_run_in_the_middle_is_told_as_far_as_it_can_be_and_named() -> None:
    world, written = World(), entries(3)
    world.run("run-1", written, created_at=AT - 1)
    damaged = replace(written[1], body=Damaged(), at=0)
    world.run("run-2", [written[0], damaged, written[2]], created_at=AT - 2)
    world.run("run-3", written, created_at=AT - 3)
    done = world.replay()
    assert (done.status, done.done, done.failed) == ("finished", 3, 1)
    (missed,) = world.replays.missed("acme", "rpl-1")
    assert (missed.run, missed.reason.startswith("what is stored is no entry at {"), '"number":1' in missed.reason) == ("run-2", True, True)
    assert world.summaries._held["acme", "run-2"].parts["main"].through == 2
    assert not world.aside.put_aside, "nobody tells the live projector's queue again"


def test_a_run_that_cannot_be_projected_at_all_is_named_and_the_others_are() -> None:
    world, written = World(), entries(1)
    for number in range(3):
        world.run(f"run-{number}", written, created_at=AT - number)

    class Odd(MemoryRuns):
        def get(self, tenant: str, run: str) -> Run | None:
            if run == "run-1":
                raise ValueError("what somebody wrote")
            found: Run | None = world.runs.get(tenant, run)
            return found

    world.ordered()
    done = world.replayer(telling={"runs": Odd()}).go_on("acme", "rpl-1", more=lambda: True)
    assert done
    assert (done.status, done.done, done.failed) == ("finished", 3, 1)
    assert [(one.run, one.reason) for one in world.replays.missed("acme", "rpl-1")] == [("run-1", "ValueError at the run")]


def test_more_runs_than_are_named_are_counted() -> None:
    world = World()
    damaged = [replace(entries(1)[0], body=Damaged(), at=0)]
    for number in range(SHOWN + 5):
        world.run(f"run-{number:03d}", damaged, created_at=AT - number)
    assert world.replay().failed == SHOWN + 5
    assert len(world.replays.missed("acme", "rpl-1")) == SHOWN


def test_a_collector_that_is_down_is_waited_for_longer_each_time_and_then_the_replay_stalls_and_goes_on_when_told() -> None:
    world, written = World(), entries(1)
    for number in range(IN_A_ROW + 2):
        world.run(f"run-{number}", written, created_at=AT - number)
    world.ordered()
    down = Down(StoreUnavailable("503"), world=world)
    for delay in DELAYS:
        stands = world.replayer(telling={"exporter": down}).go_on("acme", "rpl-1", more=lambda: True)
        assert stands
        assert (stands.done, stands.reason) == (0, "StoreUnavailable: 503")
        assert world.calls[-1] == ("acme", "rpl-1", delay)
    stands = world.replayer(telling={"exporter": down}).go_on("acme", "rpl-1", more=lambda: True)
    assert stands
    assert (stands.status, stands.done, stands.failed) == ("stalled", IN_A_ROW, IN_A_ROW)
    assert stands.reason == "StoreUnavailable: 503"
    assert len(world.calls) == len(DELAYS), "nobody is called for one that waits for somebody"
    assert world.replayer().go_on("acme", "rpl-1", more=lambda: True) is None
    world.replays.keep(stands.resumed(AT))
    done = world.replayer().go_on("acme", "rpl-1", more=lambda: True)
    assert done
    assert (done.status, done.done, done.failed, done.reason) == ("finished", IN_A_ROW + 2, IN_A_ROW, "")
    assert {one.run for one in world.replays.missed("acme", "rpl-1")} == {f"run-{number}" for number in range(IN_A_ROW)}


def test_a_run_that_alone_meets_trouble_is_left_and_the_replay_goes_on() -> None:
    world, written = World(), entries(1)
    for number in range(4):
        world.run(f"run-{number}", written, created_at=AT - number)
    world.ordered()
    down = Down(StoreUnavailable("503"), times=len(DELAYS) + 1, world=world)
    for _ in (*DELAYS, "the last"):
        stands = world.replayer(telling={"exporter": down}).go_on("acme", "rpl-1", more=lambda: True)
    assert stands
    assert (stands.status, stands.done, stands.failed) == ("finished", 4, 1)


def test_spans_that_are_refused_are_named_and_figures_are_written_all_the_same() -> None:
    world = World()
    world.run("run-1", entries(1))
    world.ordered()
    done = world.replayer(telling={"exporter": Down(SpansRefused("403"))}).go_on("acme", "rpl-1", more=lambda: True)
    assert done
    assert (done.status, done.failed) == ("finished", 1)
    assert "SpansRefused: 403" in world.replays.missed("acme", "rpl-1")[0].reason
    assert ("acme", "run-1") in world.summaries._held


def test_spans_that_the_live_projector_put_aside_are_sent_by_a_replay() -> None:
    world = World()
    world.run("run-1", entries(2))
    replace(world.live, exporter=Down(SpansRefused("403"))).project("acme", "run-1")
    assert (len(world.aside.put_aside), world.exporter.spans) == (1, {})
    told = list(world.meter.measures)
    world.replay()
    assert world.exporter.spans
    assert world.meter.measures == told


@pytest.mark.parametrize("gap", [Erased(), Damaged()])
def test_figures_of_what_was_erased_or_damaged_since_stay_as_they_were_told(gap: Body) -> None:
    world = World()
    reply = ModelReply(model="m", text="hello", calls=(), stop="end")
    world.run("run-1", written(ModelCall(model="m", step=0), reply, Answer(value=1), cost=20))
    world.live.project("acme", "run-1")
    before = world.stands[1:]
    shelf = world.journal.held[Branch(tenant="acme", run="run-1")]
    shelf[1] = replace(shelf[1], body=gap)
    assert world.replay().status == "finished"
    assert world.stands[1:] == before
    world.lose()
    world.replay(replay="rpl-2")
    assert [part.gaps for part in world.summaries._held["acme", "run-1"].parts.values()] == [1], (
        "where nothing stands, what is left is told"
    )
    assert world.costs.page("acme", since="1900", until="2999", limit=9)[0][0].gaps == 1


@pytest.mark.parametrize("price", [0, 72_000_000])
def test_estimates_of_past_days_are_kept_whatever_an_hour_costs_today(price: int) -> None:
    world = World()
    reply = ModelReply(model="m", text="hello", calls=(), stop="end")
    run = world.run("run-1", written(Note(kind="check", text=""), ModelCall(model="m", step=0), reply, cost=20))

    def books(price: int, *, again: bool) -> Books:
        memory = {"agent-triage": 1024 if again else 512}
        return Books(costs=world.costs, platform=Estimator(histories=_Long(), memory=memory), hours={"m": price}, again=again)

    for again, price_then in ((False, 36_000_000), (True, price)):
        keeper = books(price_then, again=again)
        states = {"main": costing.from_json(None)}
        for entry in world.journal.held[Branch(tenant="acme", run="run-1")]:
            states["main"], _ = costing.take(states["main"], Place(run=run), entry)
        keeper.close(replace(run, execution="arn"), states)
        found, _ = world.costs.page("acme", since="1900", until="2999", limit=9)
        if not again:
            before = found
            assert sum(line.endpoint for one in found for line in one.lines) == 10_000
    assert len(found) == 2
    assert found == before
    world.lose()
    books(price, again=True).close(replace(run, execution="arn"), states)
    found, _ = world.costs.page("acme", since="1900", until="2999", limit=9)
    assert sum(line.endpoint for one in found for line in one.lines) == price // 3600, (
        "where nothing stands, today's price is what there is"
    )


class _Long:
    """Histories of one call of an agent that took long."""

    def of(self, _: str) -> Sequence[Happened]:
        scheduled = Happened(number=1, before=0, kind="TaskScheduled", at=0, function="agent-triage")
        return (scheduled, Happened(number=2, before=1, kind="TaskSucceeded", at=60_000))


class Killed(BaseException):
    """Whoever goes on is there no more."""


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=6), st.integers(1, 5))
def test_killed_anywhere_and_called_again_every_run_is_told_and_counted_once(deaths: list[int], count: int) -> None:
    world, whole = World(), World()
    damaged = replace(entries(3)[1], body=Damaged(), at=0)
    for number in range(count):
        for one in (world, whole):
            written = entries(3)
            one.run(f"run-{number}", [written[0], damaged, written[2]] if number == 1 else written, created_at=AT - number)
    expected = whole.replay()
    world.ordered()
    for dies_at in deaths:
        calls = iter(range(1000))

        def alive(calls: Iterator[int] = calls, dies_at: int = dies_at) -> None:
            if next(calls) == dies_at:
                raise Killed

        dying = {"exporter": Dying(world.exporter, alive), "journal": Dying(world.journal, alive)}
        replayer = world.replayer(
            telling=dying, replays=Dying(world.replays, alive), progresses=lambda replay, it=alive: Dying(world.checkpoints(replay), it)
        )
        with suppress(Killed):
            replayer.go_on("acme", "rpl-1", more=lambda: True)
    world.replayer().go_on("acme", "rpl-1", more=lambda: True)
    done = world.replays.get("acme", "rpl-1")
    assert done
    assert (done.status, done.done, done.failed) == ("finished", count, expected.failed)
    assert world.replays.missed("acme", "rpl-1") == whole.replays.missed("acme", "rpl-1")
    assert world.stands == whole.stands


class Dying:
    """Something that may be the last that is reached, before or after it was done."""

    def __init__(self, real: Any, alive: Any) -> None:
        self._real, self._alive = real, alive

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self._alive()
            found = getattr(self._real, name)(*arguments, **named)
            self._alive()
            return found

        return call


def test_a_run_that_kills_whoever_projects_it_is_left_after_some_deaths_and_named() -> None:
    world, written = World(), entries(1)
    for number in range(3):
        world.run(f"run-{number}", written, created_at=AT - number)
    world.ordered()
    first = world.replayer().go_on("acme", "rpl-1", more=lambda: True, deaths=1)
    assert first
    assert (first.done, world.calls[-1]) == (1, ("acme", "rpl-1", 0)), "after a death one run alone, and another call"

    def killed() -> None:
        raise Killed

    deadly = {"journal": Dying(world.journal, killed)}
    for deaths in range(DEATHS + 1):
        with pytest.raises(Killed):
            world.replayer(telling=deadly).go_on("acme", "rpl-1", more=lambda: True, deaths=deaths)
    left = world.replayer(telling=deadly).go_on("acme", "rpl-1", more=lambda: True, deaths=DEATHS + 1)
    assert left
    assert (left.done, left.failed) == (2, 1)
    assert world.replays.missed("acme", "rpl-1")[0].reason == "whoever projected it was killed each time at the run"


def test_nobody_was_killed_where_the_queue_could_not_be_reached() -> None:
    world, written = World(), entries(1)
    for number in range(3 + DEATHS):
        world.run(f"run-{number}", written, created_at=AT - number)
    world.ordered()

    def out(*_: Any) -> None:
        raise StoreUnavailable("the queue of replays")

    for deaths in range(DEATHS + 1):
        with pytest.raises(StoreUnavailable):
            world.replayer(call=out).go_on("acme", "rpl-1", more=few(2), deaths=deaths)
    stands = world.replayer().go_on("acme", "rpl-1", more=lambda: True)
    assert stands
    assert (stands.status, stands.done, stands.failed) == ("finished", 3 + DEATHS, 0)


def test_whoever_is_called_before_it_is_time_has_the_rest_waited_for_and_uses_up_no_try() -> None:
    world = World()
    world.run("run-1", entries(1))
    world.ordered()
    down = {"exporter": Down(StoreUnavailable("503"), times=1, world=world)}
    replayer = replace(world.replayer(telling=down), call=lambda *call: world.calls.append(call))
    troubled = replayer.go_on("acme", "rpl-1", more=lambda: True)
    world.now += 1_500
    for _ in DELAYS:
        assert replayer.go_on("acme", "rpl-1", more=lambda: True) == troubled
        assert world.calls[-1] == ("acme", "rpl-1", DELAYS[0] - 1), "rounded up"
    world.now += 3_500
    done = replayer.go_on("acme", "rpl-1", more=lambda: True)
    assert done
    assert (done.status, done.failed) == ("finished", 0)


def test_runs_of_which_there_is_nothing_to_tell_do_not_hide_that_the_collector_is_down() -> None:
    world = World()
    for number in range(3 * IN_A_ROW):
        nothing = {"status": "refused", "ended_at": AT} if number % 2 else {}
        world.run(f"run-{number}", [] if number % 2 else entries(1), created_at=AT - number, **nothing)
    down = Down(StoreUnavailable("503"))
    world.ordered()
    stands = None
    while stands is None or stands.status == "running":
        stands = world.replayer(telling={"exporter": down}).go_on("acme", "rpl-1", more=lambda: True)
        assert stands
    assert (stands.status, stands.failed, stands.done) == ("stalled", IN_A_ROW, 2 * IN_A_ROW - 1)


def test_entries_of_a_run_that_is_gone_on_with_by_several_are_all_counted() -> None:
    world = World()
    world.run("run-1", entries(LONG))
    stands = world.ordered()
    while stands.status == "running":
        found = world.replayer().go_on("acme", "rpl-1", more=few(3))
        assert found
        stands = found
    assert stands.entries == LONG


def test_what_another_has_finished_meanwhile_stays_so_whatever_trouble_there_is() -> None:
    world = World()
    world.run("run-1", entries(1))
    world.ordered()

    class Late(MemoryRuns):
        def page(self, *_: Any, **__: Any) -> Page:
            world.replayer().go_on("acme", "rpl-1", more=lambda: True)
            raise StoreUnavailable("the table of runs")

    found = world.replayer(runs=Late()).go_on("acme", "rpl-1", more=lambda: True)
    assert found == world.replays.get("acme", "rpl-1")
    assert found
    assert (found.status, found.reason, found.tries, world.calls) == ("finished", "", 0, [])


def test_of_two_who_go_on_with_a_replay_at_once_one_ends_and_calls_nobody() -> None:
    world, written = World(), entries(1)
    for number in range(3):
        world.run(f"run-{number}", written, created_at=AT - number)
    world.ordered()

    class Overtaken(MemoryExporter):
        """While the first exports, another goes on with the replay."""

        asked = False

        def export(self, spans: Sequence[Span]) -> None:
            super().export(spans)
            if not Overtaken.asked:
                Overtaken.asked = True
                world.replayer().go_on("acme", "rpl-1", more=lambda: True)

    assert world.replayer(telling={"exporter": Overtaken()}).go_on("acme", "rpl-1", more=lambda: True) is None
    done = world.replays.get("acme", "rpl-1")
    assert done
    assert (done.status, done.done) == ("finished", 3)
    assert not world.calls


def test_runs_that_cannot_be_listed_are_tried_again_and_then_the_replay_stalls() -> None:
    world = World()
    world.ordered()

    class Out(MemoryRuns):
        def page(self, *_: Any, **__: Any) -> Page:
            raise StoreUnavailable("the table of runs")

    for delay in DELAYS:
        world.replayer(runs=Out()).go_on("acme", "rpl-1", more=lambda: True)
        assert world.calls[-1] == ("acme", "rpl-1", delay)
    stands = world.replayer(runs=Out()).go_on("acme", "rpl-1", more=lambda: True)
    assert stands
    assert (stands.status, stands.reason) == ("stalled", "StoreUnavailable: the table of runs")


def test_a_run_that_goes_on_while_it_is_replayed_is_told_to_its_end_by_the_live_projector() -> None:
    world, written = World(), entries(4)
    run = world.run("run-1", written[:2], status="running", ended_at=None)
    world.live.project("acme", "run-1", "main")
    told = len(world.meter.measures)
    world.lose()
    world.replay()
    assert world.summaries._held["acme", "run-1"].parts["main"].through == 1
    world.journal.held[run_branch := Branch(tenant="acme", run=run.run)] = written
    world.runs.records["acme", "run-1"] = replace(run, status="succeeded", ended_at=AT)
    world.live.project("acme", "run-1")
    assert world.summaries._held["acme", "run-1"].parts["main"].through == 3
    assert world.progresses.get(run_branch).next == 4
    assert len(world.meter.measures) > told


def test_nothing_is_done_for_a_replay_that_nobody_ordered() -> None:
    assert World().replayer().go_on("acme", "rpl-1", more=lambda: True) is None


def test_checkpoints_are_kept_by_who_knows_how_far_it_was() -> None:
    world = World()
    order = world.ordered()
    world.replays.keep(order)
    with pytest.raises(Fenced):
        world.replays.keep(order)
    assert world.checkpoints(order).get(Branch(tenant="acme", run="run-1")) == Progress()


def test_after_a_run_that_was_told_trouble_begins_anew() -> None:
    world, written = World(), entries(1)
    for number in range(3):
        world.run(f"run-{number}", written, created_at=AT - number)
    world.ordered()

    class Picky(MemoryExporter):
        """Takes nothing of some runs."""

        def export(self, spans: Sequence[Span]) -> None:
            if any(span.attributes["septet.run"] in ("run-0", "run-2") for span in spans):
                raise StoreUnavailable("503")

    for _ in (*DELAYS, "the last"):
        stands = world.replayer(telling={"exporter": Picky()}).go_on("acme", "rpl-1", more=lambda: True)
    assert stands
    assert (stands.status, stands.done, stands.failed, stands.tries) == ("running", 2, 1, 1), "run-2 is tried again, not left at once"
    assert world.calls[-1] == ("acme", "rpl-1", DELAYS[0])
