"""The tool gateway as a Lambda function."""

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from septet import bootstrap
from septet.core.entries import ToolCall
from septet.core.errors import InputRejected
from septet.core.journal import Branch, Head, to_json
from septet.entry.guard import guarded
from septet.entry.logs import logger
from septet.security.desk import Calls
from septet.security.gateway import Gateway

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

Handler = Callable[[Mapping[str, Any], "LambdaContext"], dict[str, Any]]
_INVOKED = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+:agent-([a-z][a-z0-9_]*)", re.ASCII)
"""With the alias that the stacks make for an agent."""
DECLARED = ("manifests", "grants", "policies", "egress")
"""What the synth writes beside the handler."""
ANSWER_BYTES = 4_000_000
"""Of entries in an answer: Lambda carries 6 MB. An agent that gets none of many reads the journal."""


def serve(beside: str, *, make: Callable[..., Gateway] = bootstrap.gateway) -> Handler:
    """The handler over the JSON files of ``DECLARED`` beside the file *beside*: a gateway request in, the entries it wrote out.

    Who asks is told by the alias that was invoked, never by the event. Where the entries are too large for an answer, ``read`` says that
    they are in the journal.
    """
    log = logger()

    @cache
    def gateway() -> Gateway:
        return make(**{name: json.loads(Path(beside).with_name(f"{name}.json").read_bytes()) for name in DECLARED})

    def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        agent = caller(context.invoked_function_arn)
        calls = Calls(
            branch=Branch(**event["branch"]),
            head=Head(**event["head"]),
            agent=agent,
            turn=event["turn"],
            bundle=event["bundle"],
            calls=tuple(ToolCall(**call) for call in event["calls"]),
            pins=event["pins"],
            on_behalf_of=tuple(event.get("on_behalf_of", ())),
        )
        entries = gateway().handle(calls)
        log.info("calls", extra={"run": calls.branch.run, "turn": calls.turn, "calls": len(calls.calls), "entries": len(entries)})
        answer = {"entries": [to_json(entry) for entry in entries]}
        return answer if len(json.dumps(answer)) <= ANSWER_BYTES else {"entries": [], "read": True}

    return guarded(handler)


def caller(arn: str) -> str:
    """The agent whose alias of this function has the *arn* that was invoked. An agent may invoke its own alias only, by its role.

    Raises InputRejected for an invocation by no agent's alias.
    """
    found = _INVOKED.fullmatch(arn)
    if found is None:
        raise InputRejected("the gateway is called by an agent, and by that agent's own alias")
    return found[1]
