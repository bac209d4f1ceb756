"""What a projector that nobody disturbs makes of a run, in this process over the twin's tables; and what stands in them."""

import tomllib
from collections.abc import Mapping
from copy import replace
from dataclasses import dataclass
from typing import Any

from septet.aws.costs import DynamoCosts
from septet.aws.runs import DynamoRuns
from septet.aws.summaries import DynamoSummaries
from septet.core.costs import PLATFORM, Spent
from septet.core.runs import Run
from septet.core.summaries import Summary
from septet.local.costs import MemoryCosts
from septet.local.observing import MemoryAside, MemoryExporter, MemoryMeter, MemoryProgresses
from septet.local.summaries import MemorySummaries
from septet.observability import costing, summaries
from septet.observability.costing import Books
from septet.observability.projecting import Part, Projector
from septet.observability.summaries import Digests
from septet.observability.tracing import Traces
from tests.conftest import REPOSITORY
from tests.desk import store
from tests.traces import Spans, shown

ADDED = ("resource", "scope", "deliveries", "contents", "came")
"""What the double of a collector adds to a span."""
ALWAYS = {"since": "1970-01-01", "until": "2100-01-01", "limit": 1_000}


@dataclass(frozen=True, kw_only=True)
class Projected:
    """What is told of a run."""

    spans: Spans
    costs: Mapping[str, Spent]
    """By day and path, without what is estimated."""
    summary: Summary | None


def record(twin: Any, tenant: str, run: str) -> Run:
    """The record of *run*. Raises AssertionError when there is none."""
    found = DynamoRuns(twin.client("dynamodb"), f"{twin.prefix}-runs").get(tenant, run)
    assert found, f"{run} has no record"
    return found


def undisturbed(twin: Any, tenant: str, run: str) -> Projected:
    """What *run*, which has ended, comes to when each of its entries is taken once."""
    told, spent, digests = MemoryExporter(), MemoryCosts(), MemorySummaries()
    models = tomllib.loads((REPOSITORY / "policies" / "models.toml").read_text())["models"]
    providers = {name: one["provider"] for name, one in models.items()}
    tools, agents = (frozenset(folder.name for folder in (REPOSITORY / "functions" / kind).iterdir()) for kind in ("tools", "agents"))
    whole = Projector(
        journal=store(twin),
        runs=DynamoRuns(twin.client("dynamodb"), f"{twin.prefix}-runs"),
        progresses=MemoryProgresses(),
        parts={
            "spans": Part(projection=Traces(providers=providers, tools=tools, agents=agents)),
            "costs": Part(projection=costing, keeper=Books(costs=spent)),
            "summaries": Part(projection=summaries, keeper=Digests(summaries=digests)),
        },
        exporter=told,
        meter=MemoryMeter(),
        aside=MemoryAside(),
        clock=lambda: 0,
    )
    whole.project(tenant, run)
    spans = {span.span: shown(span) for span in told.spans.values()}
    return Projected(spans=spans, costs=_costs(spent, tenant, run), summary=digests.get(tenant, run))


def standing(twin: Any, tenant: str, run: str, spans: Spans) -> Projected:
    """The same as the twin's projector has told it: *spans* as the double of a collector shows them, and what stands in the tables."""
    dynamodb = twin.client("dynamodb")
    own = {name: {key: value for key, value in span.items() if key not in ADDED} for name, span in spans.items()}
    summary = DynamoSummaries(dynamodb, f"{twin.prefix}-summaries").get(tenant, run)
    costs = _costs(DynamoCosts(dynamodb, f"{twin.prefix}-costs"), tenant, run)
    return Projected(spans=own, costs=costs, summary=summary and replace(summary, flagged=()))


def _costs(costs: Any, tenant: str, run: str) -> Mapping[str, Spent]:
    page, after = costs.page(tenant, **ALWAYS)
    assert not after, "there are more than one page has"
    return {f"{one.day}#{one.path}": one for one in page if one.run == run and one.path != PLATFORM}
