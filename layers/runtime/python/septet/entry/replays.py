"""Whoever goes on with replays, as a Lambda function behind their queue."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from septet.bootstrap import replaying
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.observability.replaying import Replayer

RESERVE = 120_000
"""Milliseconds kept for the portion of a branch that is under way: its bodies, and a collector that takes its time."""
Handler = Callable[[Mapping[str, Any], Any], None]


def serve(beside: str, *, make: Callable[[str], Replayer] = replaying.replayer) -> Handler:
    """The handler over ``names.json`` beside the file *beside*: takes messages that each name a replay.

    One that fails comes again by itself. What SQS says of how often it came tells how often somebody was killed at it.
    """
    log = logger()

    @cache
    def replayer() -> Replayer:
        return make(beside)

    def handler(event: Mapping[str, Any], context: Any) -> None:
        for message in event["Records"]:
            asked, came = json.loads(message["body"]), int(message["attributes"]["ApproximateReceiveCount"])
            stands = replayer().go_on(
                asked["tenant"], asked["replay"], more=lambda: context.get_remaining_time_in_millis() > RESERVE, deaths=came - 1
            )
            if stands:
                log.info("replayed", extra={"replay": stands.replay, "status": stands.status, "done": stands.done, "failed": stands.failed})

    return guarded(handler)
