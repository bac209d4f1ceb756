"""A deployed machine in a hurry: with short pauses and waits, and with the name of each state in what it gives its function."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

LONG, SHORT = 3600, 20
"""Seconds: a wait for people that may be longer is cut to the second, which a starved machine needs to begin a function."""
LATE, OVERDUE = 1, 2
"""Seconds: what a state waits for its function in the runs of the tenants that `late` names; and what the function takes there."""


def late(state: str) -> str:
    """What the names of tenants begin with in whose runs *state* waits for its function no longer than `LATE`."""
    return f"t-late-{hashlib.sha256(state.encode()).hexdigest()[:8]}-"


@contextmanager
def hurried(twin: Any, workflow: str) -> Iterator[dict[str, Any]]:
    """The machine of *workflow*, as it is declared; meanwhile the twin's is in a hurry. Put back at the end."""
    machines = twin.client("stepfunctions")
    found = next(one for one in machines.list_state_machines()["stateMachines"] if one["name"] == f"septet-twin-{workflow}")
    arn = found["stateMachineArn"]
    text = machines.describe_state_machine(stateMachineArn=arn)["definition"]
    definition: dict[str, Any] = json.loads(text)
    machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(in_a_hurry(definition)))
    try:
        yield definition
    finally:
        machines.update_state_machine(stateMachineArn=arn, definition=text)


def in_a_hurry(value: Any) -> Any:
    """A part of a machine with about a second between attempts, which are as many as ever; states wait a second, and people are not waited
    for as long. Each state tells its function its name, so that a fault can be planned for this state and no other.
    """
    if isinstance(value, list):
        return [in_a_hurry(item) for item in value]
    if not isinstance(value, dict):
        return value
    quick = {"IntervalSeconds": 1, "BackoffRate": 1.0, "MaxDelaySeconds": 2} if "IntervalSeconds" in value else {}
    told = {name: in_a_hurry(item) for name, item in value.items()} | quick
    return told | {"States": {name: _state(name, state) for name, state in told["States"].items()}} if "States" in told else told


def _state(name: str, state: Mapping[str, Any]) -> dict[str, Any]:
    if state["Type"] == "Wait":
        return {**state, "Seconds": 1}
    if state["Type"] != "Task":
        return {**state}
    given = state["Arguments"]["Payload"]
    return {**state, "TimeoutSeconds": _patience(name, state), "Arguments": {**state["Arguments"], "Payload": {**given, "state": name}}}


def _patience(name: str, state: Mapping[str, Any]) -> str:
    """How long the state waits, as an expression: it depends on whose run it is."""
    seconds, tenant = state["TimeoutSeconds"], state["Arguments"]["Payload"]["tenant"]
    usual = min(seconds, SHORT) if isinstance(seconds, int) and seconds > LONG else seconds
    return f"{{% $substring({_inner(tenant)}, 0, {len(late(name))}) = '{late(name)}' ? {LATE} : ({_inner(usual)}) %}}"


def _inner(expression: str | int) -> str:
    return str(expression).removeprefix("{%").removesuffix("%}").strip()
