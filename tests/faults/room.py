"""A function like `orders` with room for twelve steps, and the support workflow calling it, for as long as it is needed."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

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
    arn = _roomy(functions, seconds)
    machines.update_state_machine(stateMachineArn=machine, definition=_calling(definition, arn))
    try:
        yield
    finally:
        machines.update_state_machine(stateMachineArn=machine, definition=definition)
        functions.delete_function(FunctionName=ROOMY)


def _roomy(functions: Any, seconds: int | None) -> str:
    deployed = functions.get_function(FunctionName=ORDERS, Qualifier="live")
    kept = ("Role", "Handler", "Runtime", "Timeout", "MemorySize", "Environment", "Architectures")
    configuration = {name: value for name, value in deployed["Configuration"].items() if name in kept}
    if seconds is not None:
        configuration["Timeout"] = seconds
    made = functions.create_function(
        FunctionName=ROOMY,
        Code={"ZipFile": _wider(httpx.get(deployed["Code"]["Location"]).raise_for_status().content)},
        Layers=[layer["Arn"] for layer in deployed["Configuration"].get("Layers", [])],
        **configuration,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=ROOMY)
    return str(made["FunctionArn"])


def _wider(archive: bytes) -> bytes:
    wider = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as read, zipfile.ZipFile(wider, "w") as written:
        for name in read.namelist():
            content = read.read(name)
            if name == "bundle.json":
                bundle = json.loads(content)
                content = json.dumps(bundle | {"limits": bundle["limits"] | LIMITS}).encode()
            written.writestr(name, content)
    return wider.getvalue()


def _calling(definition: str, arn: str) -> str:
    machine = json.loads(definition)
    for state in machine["States"].values():
        if f":{ORDERS}:" in str(state.get("Arguments", {}).get("FunctionName", "")):
            state["Arguments"]["FunctionName"] = arn
    return json.dumps(machine)
