"""Whoever goes on with replays: it tells where the live projector tells, but for measures, and has checkpoints of its own."""

from typing import TYPE_CHECKING

from septet.bootstrap.journals import gapped
from septet.bootstrap.projecting import books
from septet.bootstrap.settings import now, settings
from septet.bootstrap.stores import replays, runs, summaries
from septet.bootstrap.traces import contents, exporter, traces

if TYPE_CHECKING:
    from septet.observability.replaying import Replayer


def replayer(beside: str) -> "Replayer":
    """Whoever replays; what a trace may name, and what functions have, is in files beside the file *beside*."""
    from functools import partial

    from septet.aws.calling_replays import SqsReplays
    from septet.aws.clients import client
    from septet.observability import costing
    from septet.observability import summaries as summing
    from septet.observability.projecting import Part, Projector
    from septet.observability.replaying import Replayer
    from septet.observability.silent import Silent
    from septet.observability.summaries import Digests

    parts = {
        "spans": Part(projection=traces(beside)),
        "costs": Part(projection=costing, keeper=books(beside, again=True)),
        "summaries": Part(projection=summing, keeper=Digests(summaries=summaries())),
    }
    shows = contents(beside).shown
    projector = partial(Projector, journal=gapped(), runs=runs(), parts=parts, exporter=exporter(), meter=Silent(), clock=now, shows=shows)
    call = SqsReplays(lambda: client("sqs"), settings().replays)
    return Replayer(replays=replays(), runs=runs(), projector=projector, progresses=replays().progresses, call=call, clock=now)
