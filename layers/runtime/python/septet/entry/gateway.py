"""The tool gateway as a Lambda function."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from septet.bootstrap.gateway import made
from septet.core.entries import ApprovalAsked, Entry, ToolCall, ToolResult
from septet.core.errors import InputRejected, PolicyDenied
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
_UNDOES = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w-]+:step-compensate", re.ASCII)
"""With the alias that the stacks make for the step that undoes: it may have a run's effects undone, and nothing else."""
DECLARED = ("manifests", "grants", "policies", "egress")
"""What the synth writes beside the handler."""
ANSWER_BYTES = 4_000_000
"""Of entries in an answer: Lambda carries 6 MB. An agent that gets none of many reads the journal."""


def serve(beside: str, *, make: Callable[..., Gateway] = made) -> Handler:
    """The handler over the JSON files of ``DECLARED`` beside the file *beside*: a gateway request in, the entries it wrote out.

    Who asks is told by the alias that was invoked, never by the event. Where the entries are too large for an answer, ``read`` says that
    they are in the journal.
    """
    log = logger()

    @cache
    def gateway() -> Gateway:
        return make(**{name: json.loads(Path(beside).with_name(f"{name}.json").read_bytes()) for name in DECLARED})

    def undo(event: Mapping[str, Any]) -> dict[str, Any]:
        done = gateway().undo(event["tenant"], event["run"])
        log.info("undone", extra={"run": event["run"], "outcome": done.outcome, "undone": done.undone, "named": done.named})
        return {"outcome": done.outcome, "undone": done.undone, "named": done.named}

    def handler(event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        if _UNDOES.fullmatch(context.invoked_function_arn):
            return undo(event)
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
        log.info("calls", extra={"run": calls.branch.run, "turn": calls.turn, "agent": agent, **counted(calls, entries)})
        answer = {"entries": [to_json(entry) for entry in entries]}
        return answer if len(json.dumps(answer)) <= ANSWER_BYTES else {"entries": [], "read": True}

    return guarded(handler)


def counted(calls: Calls, entries: Sequence[Entry]) -> dict[str, int]:
    """How many *calls* there were, and what became of them: a log may have figures, and a model may have worded any name."""
    results = [entry.body.error for entry in entries if isinstance(entry.body, ToolResult)]
    denied = results.count(PolicyDenied.__name__)
    asked = sum(isinstance(entry.body, ApprovalAsked) for entry in entries)
    return {"calls": len(calls.calls), "denied": denied, "asked": asked, "failed": sum(map(bool, results)) - denied}


def caller(arn: str) -> str:
    """The agent whose alias of this function has the *arn* that was invoked. An agent may invoke its own alias only, by its role.

    Raises InputRejected for an invocation by no agent's alias.
    """
    found = _INVOKED.fullmatch(arn)
    if found is None:
        raise InputRejected("the gateway is called by an agent, and by that agent's own alias")
    return found[1]
