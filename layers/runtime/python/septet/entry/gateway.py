"""The tool gateway as a Lambda function."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger

from septet import bootstrap
from septet.core.entries import ToolCall
from septet.core.journal import Branch, Head, to_json
from septet.security.gateway import Calls, Gateway

Handler = Callable[[Mapping[str, Any], object], dict[str, Any]]
ANSWER_BYTES = 4_000_000
"""Of entries in an answer: Lambda carries 6 MB. An agent that gets none of many reads the journal."""


def serve(beside: str, *, make: Callable[..., Gateway] = bootstrap.gateway) -> Handler:
    """The handler over ``manifests.json`` and ``grants.json`` beside the file *beside*: a gateway request in, the entries it wrote out.

    Where they are too large for an answer, ``read`` says that they are in the journal.
    """
    log = Logger()

    @cache
    def gateway() -> Gateway:
        manifests, grants = (json.loads(Path(beside).with_name(name).read_bytes()) for name in ("manifests.json", "grants.json"))
        return make(manifests, grants)

    def handler(event: Mapping[str, Any], _: object) -> dict[str, Any]:
        calls = Calls(
            branch=Branch(**event["branch"]),
            head=Head(**event["head"]),
            agent=event["agent"],
            turn=event["turn"],
            bundle=event["bundle"],
            calls=tuple(ToolCall(**call) for call in event["calls"]),
            pins=event["pins"],
        )
        entries = gateway().handle(calls)
        log.info("calls", extra={"run": calls.branch.run, "turn": calls.turn, "calls": len(calls.calls), "entries": len(entries)})
        answer = {"entries": [to_json(entry) for entry in entries]}
        return answer if len(json.dumps(answer)) <= ANSWER_BYTES else {"entries": [], "read": True}

    return handler
