"""The step that takes events from their queue, as a Lambda function."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from septet.bootstrap import events
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.integration.tracing import traced

if TYPE_CHECKING:
    from septet.integration.events import Intake

DECLARED = ("workflows", "schemas", "events")
"""What the synth writes beside the handler."""
Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]


def serve(beside: str, *, make: "Callable[..., Intake]" = events.intake) -> Handler:
    """The handler over the JSON files of ``DECLARED`` beside the file *beside*: takes a batch of SQS messages, each an event.

    What is answered names the messages that SQS is to send again; source: SQS's ``ReportBatchItemFailures``.
    """
    log = logger()

    @cache
    def intake() -> "Intake":
        return make(**{name: json.loads(Path(beside).with_name(f"{name}.json").read_bytes()) for name in DECLARED})

    def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
        again = []
        for message in event["Records"]:
            tries = int(message["attributes"]["ApproximateReceiveCount"])
            try:
                taken = intake().take(message["body"], tries=tries)
            except Exception as error:  # noqa: BLE001 -- it comes again by itself, and those behind it are taken
                log.warning("an event could not be taken", extra={"id": message["messageId"], "tries": tries, **traced(error)})
                again.append({"itemIdentifier": message["messageId"]})
                continue
            log.info("event", extra={"id": message["messageId"], "outcome": taken.outcome, "run": taken.run, "tries": tries})
            if taken.outcome == "again":
                again.append({"itemIdentifier": message["messageId"]})
        return {"batchItemFailures": again}

    return guarded(handler)
