"""The projector, and what it tells to."""

from functools import cache
from typing import TYPE_CHECKING

from septet.bootstrap.journals import gapped
from septet.bootstrap.settings import now, settings
from septet.bootstrap.stores import costs, progresses, runs, summaries
from septet.bootstrap.traces import contents, exporter, names, traces

if TYPE_CHECKING:
    from septet.aws.dead_letters import SqsDeadLetters
    from septet.observability.anomalies import Watch
    from septet.observability.costing import Books
    from septet.observability.measures import Meter
    from septet.observability.platform_costs import Estimator
    from septet.observability.projecting import Projector


def projector(beside: str) -> "Projector":
    """Whoever projects; what a trace may name, and what functions have, is in files beside the file *beside*."""
    from septet.aws.emf import EmfMeter
    from septet.observability import costing
    from septet.observability import summaries as summing
    from septet.observability.metering import Metering
    from septet.observability.projecting import Part, Projector
    from septet.observability.summaries import Digests

    meter = EmfMeter(f"Septet/{settings().environment}")
    tools, models, agents = (frozenset(names(beside)[kind]) for kind in ("tools", "models", "agents"))
    return Projector(
        journal=gapped(),
        runs=runs(),
        progresses=progresses(),
        parts={
            "spans": Part(projection=traces(beside)),
            "metrics": Part(projection=Metering(tools=tools, models=models, agents=agents)),
            "costs": Part(projection=costing, keeper=books(beside)),
            "summaries": Part(projection=summing, keeper=Digests(summaries=summaries(), watch=_watch(meter))),
        },
        exporter=exporter(),
        meter=meter,
        aside=aside(),
        clock=now,
        shows=contents(beside).shown,
    )


def books(beside: str, *, again: bool = False) -> "Books":
    """Writes what runs cost; what an hour of an instance costs which a model is on is in a file beside the file *beside*.

    *again* is for a replay.
    """
    import json
    from pathlib import Path

    from septet.observability.costing import Books

    hours = json.loads(Path(beside).with_name("endpoints.json").read_bytes())
    return Books(costs=costs(), platform=_platform(beside), hours=hours, again=again)


def _platform(beside: str) -> "Estimator":
    """Says what runs cost on the platform; how much memory each function has is in a file beside the file *beside*."""
    import json
    from pathlib import Path

    from septet.aws.clients import client
    from septet.aws.histories import StepFunctionsHistories
    from septet.observability.platform_costs import Estimator

    histories = StepFunctionsHistories(client("stepfunctions"), f"septet-{settings().environment}-")
    return Estimator(histories=histories, memory=json.loads(Path(beside).with_name("memory.json").read_bytes()))


def _watch(meter: "Meter") -> "Watch":
    """Whoever flags what is unusual."""
    from septet.aws.alerts import BusAlerts
    from septet.aws.clients import client
    from septet.aws.usuals import DynamoUsuals
    from septet.observability.anomalies import Watch

    usuals = DynamoUsuals(client("dynamodb"), settings().summaries_table)
    return Watch(usuals=usuals, summaries=summaries(), alerts=BusAlerts(client("events"), settings().bus), meter=meter, clock=now)


@cache
def aside() -> "SqsDeadLetters":
    """The queue of what cannot be projected."""
    from septet.aws.clients import client
    from septet.aws.dead_letters import SqsDeadLetters

    return SqsDeadLetters(client("sqs"), settings().projection_dead)
