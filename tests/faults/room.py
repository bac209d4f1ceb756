"""A function like `orders` with room for twelve steps, and the support workflow calling it, for as long as it is needed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.copies import copied

ORDERS = "septet-twin-agent-orders"
ROOMY = f"{ORDERS}-for-faults"
LIMITS = {"model_calls": 20, "tool_calls": 20}


@contextmanager
def room(twin: Any, *, seconds: int | None = None) -> Iterator[None]:
    """The deployed code of `orders`, layers and settings alike; only the limits in its bundle are wider, and its time limit is *seconds*.

    Both are put back at the end.
    """
    functions, machines = twin.client("lambda"), twin.client("stepfunctions")
    machine = next(one["stateMachineArn"] for one in machines.list_state_machines()["stateMachines"] if one["name"].endswith("support"))
    definition = machines.describe_state_machine(stateMachineArn=machine)["definition"]
    arn = copied(functions, ORDERS, name=ROOMY, file="bundle.json", change=_wider, seconds=seconds)
    machines.update_state_machine(stateMachineArn=machine, definition=_calling(definition, arn))
    try:
        yield
    finally:
        machines.update_state_machine(stateMachineArn=machine, definition=definition)
        functions.delete_function(FunctionName=ROOMY)


def _wider(bundle: dict[str, Any]) -> dict[str, Any]:
    return bundle | {"limits": bundle["limits"] | LIMITS}


def _calling(definition: str, arn: str) -> str:
    machine = json.loads(definition)
    for state in machine["States"].values():
        if f":{ORDERS}:" in str(state.get("Arguments", {}).get("FunctionName", "")):
            state["Arguments"]["FunctionName"] = arn
    return json.dumps(machine)
