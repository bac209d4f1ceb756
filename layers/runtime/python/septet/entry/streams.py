"""The projector as a Lambda function behind the streams of tables."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from septet.bootstrap import projecting
from septet.core.errors import StoreUnavailable
from septet.core.frozen import frozen
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.entry.place import at
from septet.integration.tracing import traced
from septet.observability.projecting import Projector

Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]


@frozen
class Bell:
    """Where a record says to look: a branch, or a run when there is no path."""

    tenant: str
    run: str
    path: str = ""


def bell(record: Mapping[str, Any]) -> Bell | None:
    """What a stream's *record* says by its keys, which are an entry's or a run's; None for other keys."""
    keys = record["dynamodb"]["Keys"]
    if "pk" in keys:
        parts = keys["pk"]["S"].split("#")
        return Bell(tenant=parts[0], run=parts[1], path=parts[2]) if len(parts) == 3 and all(parts) else None  # noqa: PLR2004 -- as the journal's key has
    return Bell(tenant=keys["tenant"]["S"], run=keys["run"]["S"])


def serve(beside: str, *, make: Callable[[str], Projector] = projecting.projector) -> Handler:
    """The handler over ``names.json`` beside the file *beside*: takes a batch of a stream's records.

    It answers the first from which on the batch is to come again: where something could not be reached. What cannot be read however often
    it comes (a run's record or a checkpoint that somebody changed) is put aside with the reason, and holds nobody up who is behind it.
    Source: Lambda's ``ReportBatchItemFailures`` for streams.
    """
    log = logger()

    @cache
    def projector() -> Projector:
        return make(beside)

    def look(records: Sequence[Mapping[str, Any]]) -> tuple[dict[Bell, int], list[str]]:
        """How many entries were new where, and the sequence numbers of the records whose bell could not be answered."""
        seen: dict[Bell, int] = {}
        failed: list[str] = []
        trouble: set[Bell] = set()
        here = projector()
        for record in records:
            found = bell(record)
            if found is None:
                here.lose(json.dumps(record["dynamodb"]["Keys"]), "the keys are neither an entry's nor a run's")
            elif found in trouble:
                failed.append(record["dynamodb"]["SequenceNumber"])
            elif found not in seen:
                try:
                    with at({"tenant": found.tenant, "run": found.run, "branch": found.path}):
                        seen[found] = _answered(here, log, found)
                except StoreUnavailable:
                    trouble.add(found)
                    failed.append(record["dynamodb"]["SequenceNumber"])
        return seen, failed

    def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
        seen, failed = look(event["Records"])
        log.info(
            "projected", extra={"records": len(event["Records"]), "places": len(seen), "entries": sum(seen.values()), "failed": len(failed)}
        )
        return {"batchItemFailures": [{"itemIdentifier": failed[0]}] if failed else []}

    return guarded(handler)


def _answered(projector: Projector, log: Logger, found: Bell) -> int:
    """How many entries were new there. Raises StoreUnavailable when it is to come again."""
    try:
        return projector.project(found.tenant, found.run, found.path)
    except StoreUnavailable as error:
        log.warning("could not be projected", extra=traced(error))
        raise
    except Exception as error:  # noqa: BLE001 -- it would be the same again
        log.error("cannot be projected", extra=traced(error))  # noqa: TRY400 -- its text may be content
        projector.lose(json.dumps(asdict(found)), type(error).__name__)
        return 0
