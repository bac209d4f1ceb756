"""Ten thousand entries in one go through the projector, over doubles of what it reaches: nothing is lost, and nothing grows."""

import json
from collections import Counter
from collections.abc import Sequence
from copy import replace
from itertools import count
from typing import Any

from septet.core.costs import Spent
from septet.core.entries import Entry
from septet.core.journal import MAIN, Branch
from septet.core.runs import Run
from septet.core.summaries import Summary
from septet.local.costs import MemoryCosts
from septet.local.journal import MemoryJournal
from septet.local.observing import MemoryAside, MemoryExporter, MemoryMeter, MemoryProgresses
from septet.local.runs import MemoryRuns
from septet.local.summaries import MemorySummaries
from septet.observability import costing, summaries
from septet.observability.costing import Books
from septet.observability.measures import Measure
from septet.observability.metering import Metering
from septet.observability.progress import Progress
from septet.observability.projecting import PORTION, Part, Projector
from septet.observability.spans import Span
from septet.observability.summaries import Digests
from septet.observability.tracing import Traces
from tests.load import AGENTS, MODELS, WORKFLOW, Tally, Work, tally

ENTRIES = 10_000
CHECKPOINT = 20_000
"""Bytes: an item takes 400 KB."""
BEGAN = 1_795_392_000_000  # 2026-11-23
TENANT = "acme"


class Sized(MemoryProgresses):
    """Knows the largest checkpoint, and how many were written."""

    largest = 0
    kept = 0

    def keep(self, branch: Branch, progress: Progress, *, before: Progress) -> None:
        self.largest = max(self.largest, len(json.dumps(dict(progress.states))))
        self.kept += 1
        super().keep(branch, progress, before=before)


class Exporter(MemoryExporter):
    """Knows how many spans it was given at once, and how often."""

    most = 0
    given = 0

    def export(self, spans: Sequence[Span]) -> None:
        self.most = max(self.most, len(spans))
        self.given += len(spans)
        super().export(spans)


class World:
    """The projector over doubles, and runs that agents have written."""

    def __init__(self) -> None:
        self.journal, self.runs, self.progresses = MemoryJournal(), MemoryRuns(), Sized()
        self.exporter, self.meter, self.aside = Exporter(), MemoryMeter(), MemoryAside()
        self.costs, self.summaries = MemoryCosts(), MemorySummaries()
        self.written: dict[str, dict[str, list[Entry]]] = {}
        self.projector = Projector(
            journal=self.journal,
            runs=self.runs,
            progresses=self.progresses,
            parts={
                "spans": Part(projection=Traces(providers=dict.fromkeys(MODELS, "bedrock"), tools=frozenset({"find_order"}))),
                "metrics": Part(projection=Metering(tools=frozenset({"find_order"}), models=frozenset(MODELS))),
                "costs": Part(projection=costing, keeper=Books(costs=self.costs)),
                "summaries": Part(projection=summaries, keeper=Digests(summaries=self.summaries)),
            },
            exporter=self.exporter,
            meter=self.meter,
            aside=self.aside,
            clock=lambda: BEGAN + 60_000,
        )

    def write(self, run: str, *paths: str, entries: int) -> None:
        """A run that has ended, with so many entries in each of its branches."""
        self.runs.create(Run(tenant=TENANT, run=run, workflow=WORKFLOW, submitter="ann", digest="d", created_at=BEGAN))
        self.runs.part(TENANT, run, paths)
        ticks = count(BEGAN)
        self.written[run] = {
            path: Work(self.journal, Branch(tenant=TENANT, run=run, path=path), lambda: next(ticks)).write(entries)
            for path in (MAIN, *paths)
        }
        self.runs.close(TENANT, run, status="succeeded", ended_at=next(ticks))

    def entries(self, run: str) -> list[Entry]:
        """Of all branches of a run."""
        return [entry for entries in self.written[run].values() for entry in entries]

    def tally(self, run: str) -> Tally:
        return tally(self.entries(run))

    def told(self, metric: str) -> float:
        return sum(one.value for one in self.meter.measures if one.metric == metric)

    def assert_nothing_is_lost(self) -> None:
        assert not self.aside.put_aside
        for run in self.written:
            self.assert_told(run)
        whole = [self.tally(run) for run in self.written]
        told = {name: self.told(name) for name in ("RunsStarted", "RunsSucceeded", "RunSteps", "ModelCalls", "ToolCalls", "TokensOut")}
        assert told == {
            "RunsStarted": len(whole),
            "RunsSucceeded": len(whole),
            "RunSteps": sum(one.replies for one in whole),
            "ModelCalls": sum(one.replies for one in whole),
            "ToolCalls": sum(one.intents for one in whole),
            "TokensOut": sum(one.output for one in whole),
        }
        assert round(self.told("RunCost"), 6) == round(sum(one.dollars for one in whole), 6)
        assert Counter(one.metric for one in self.meter.measures)["ProjectionLag"] == sum(len(self.entries(run)) for run in self.written)

    def assert_told(self, run: str) -> None:
        whole, branches = self.tally(run), self.written[run]
        spans = [span for span in self.exporter.spans.values() if span.attributes["septet.run"] == run]
        names = Counter(span.name.partition(" ")[0] for span in spans)
        turns = sum(tally(entries).turns for entries in branches.values())
        assert (
            names
            == Counter(
                {
                    "invoke_workflow": 1,
                    "septet.branch": len(branches) - 1,
                    "invoke_agent": turns,
                    "chat": whole.calls,
                    "execute_tool": whole.intents,
                }
            )
            - Counter()
        )
        (root,) = [span for span in spans if span.name.startswith("invoke_workflow")]
        assert (root.attributes["septet.cost"], root.attributes["gen_ai.usage.output_tokens"]) == (whole.cost, whole.output)
        assert sum(one.cost for one in self.spent(run)) == whole.cost
        lines = [line for one in self.spent(run) for line in one.lines]
        assert (sum(line.calls for line in lines), sum(line.input for line in lines)) == (whole.replies, whole.input)
        summary = self.summary(run)
        assert (summary.model_calls, summary.tool_calls, summary.tokens) == (whole.replies, whole.intents, (whole.input, whole.output))
        assert (summary.cost, summary.status, summary.ended is not None) == (whole.cost, "succeeded", True)
        assert {path: part.through for path, part in summary.parts.items()} == {path: len(rest) - 1 for path, rest in branches.items()}
        for path, entries in branches.items():
            assert self.progresses.get(Branch(tenant=TENANT, run=run, path=path)).next == len(entries)

    def spent(self, run: str) -> list[Spent]:
        found, _ = self.costs.page(TENANT, since="1970-01-01", until="2100-01-01", limit=100_000)
        return [one for one in found if one.run == run]

    def summary(self, run: str) -> Summary:
        found = self.summaries.get(TENANT, run)
        assert found
        return found


def test_ten_thousand_entries_of_one_branch_lose_nothing_and_no_checkpoint_grows() -> None:
    world = World()
    world.write("run-1", entries=ENTRIES)
    assert world.projector.project(TENANT, "run-1", MAIN) == ENTRIES
    assert world.projector.project(TENANT, "run-1") == 0
    world.assert_nothing_is_lost()
    assert world.progresses.kept == ENTRIES // PORTION + 1
    assert world.progresses.largest < CHECKPOINT
    assert world.exporter.most <= PORTION
    assert world.exporter.given == len(world.exporter.spans), "each span is sent once"
    lines = [line for one in world.spent("run-1") for line in one.lines]
    assert len(lines) == len(AGENTS) * len(MODELS)


def test_ten_thousand_entries_of_many_branches_lose_nothing_in_whatever_order_their_bells_ring() -> None:
    world = World()
    runs, paths = 50, ("left", "right", "far")
    for number in range(runs):
        world.write(f"run-{number}", *paths, entries=ENTRIES // runs // (len(paths) + 1))
    assert sum(len(world.entries(run)) for run in world.written) == ENTRIES
    bells: list[tuple[Any, str]] = [(run, path) for path in ("far", MAIN, "") for run in world.written]
    taken = sum(world.projector.project(TENANT, run, path) for run, path in [*bells, *reversed(bells)])
    assert taken == ENTRIES
    world.assert_nothing_is_lost()
    assert world.progresses.largest < CHECKPOINT


def test_no_more_measures_are_held_than_those_of_a_portion() -> None:
    world = World()
    told: list[int] = []

    class Meter(MemoryMeter):
        def tell(self, measures: Sequence[Measure]) -> None:
            told.append(len(measures))

    world.write("run-1", entries=3 * PORTION)
    replace(world.projector, meter=Meter()).project(TENANT, "run-1")
    assert len(told) == 4
    assert max(told) < 8 * PORTION
