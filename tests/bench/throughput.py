"""How many runs of support end in a second, beside the same machine with functions that do nothing."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from tests.conftest import TestTwin
from tests.desk import ENDED, Desk, until
from tests.faults.routes import ROUTES

AT_ONCE = 8
PATIENCE = 180
"""Seconds that a run may take while others run beside it."""
QUESTION = ROUTES[0]
"""Three agents after each other, one tool call."""
NOOP = """import json, pathlib
SAID = json.loads(pathlib.Path(__file__).with_name("said.json").read_text())
def handler(event, context):
    return SAID[event["state"]]
"""


def throughput(twin: TestTwin, say: Callable[[str], None], times: int) -> list[tuple[str, str, str]]:
    """Rows: runs a second of the question, and executions a second of its machine with functions that do nothing."""
    machines = twin.client("stepfunctions")
    with Desk(twin=twin) as desk:
        say("warming up")
        first = desk.start(str(QUESTION.input["message"]))
        execution = desk.ended(first)["execution"]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda _: desk.ended(desk.start(str(QUESTION.input["message"]))), range(AT_ONCE)))
            say(f"{times} runs of support")
            began = time.monotonic()
            runs = list(pool.map(lambda _: desk.start(str(QUESTION.input["message"])), range(times)))
            list(pool.map(lambda run: until(lambda: desk.item("runs", run=run).get("status") in ENDED or None), runs))
            ours = times / (time.monotonic() - began)
    say(f"{times} executions of the same machine, whose functions do nothing")
    with _noop(twin, execution) as arn, ThreadPoolExecutor(AT_ONCE) as pool:

        def one(_: int) -> str:
            return str(machines.start_execution(stateMachineArn=arn, name=uuid.uuid4().hex, input="{}")["executionArn"])

        def over(execution: str) -> bool:
            return bool(until(lambda: machines.describe_execution(executionArn=execution)["status"] != "RUNNING" or None))

        list(pool.map(over, list(pool.map(one, range(AT_ONCE)))))
        began = time.monotonic()
        list(pool.map(over, list(pool.map(one, range(times)))))
        floor = times / (time.monotonic() - began)
    return [
        ("the machine of support with functions that do nothing, runs a second", f"{floor:.2f}", "1.00"),
        ("support through the API, runs a second", f"{ours:.2f}", f"{ours / floor:.2f} of that"),
    ]


@contextmanager
def _noop(twin: TestTwin, execution: str) -> Iterator[str]:
    """A machine like that of *execution*, each of whose states hears what it heard there, from a function that does nothing."""
    machines, functions = twin.client("stepfunctions"), twin.client("lambda")
    name = f"bench-noop-{uuid.uuid4().hex[:8]}"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("noop.py", NOOP)
        written.writestr("said.json", json.dumps(_said(machines, execution)))
    role = "arn:aws:iam::000000000000:role/any"
    made = functions.create_function(
        FunctionName=name, Runtime="python3.13", Handler="noop.handler", Role=role, Code={"ZipFile": archive.getvalue()}, Timeout=10
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    told = machines.describe_state_machine_for_execution(executionArn=execution)["definition"]
    definition = _calling(json.loads(told), made["FunctionArn"])
    arn = machines.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)["stateMachineArn"]
    try:
        yield arn
    finally:
        machines.delete_state_machine(stateMachineArn=arn)
        functions.delete_function(FunctionName=name)


def _calling(definition: dict[str, Any], arn: str) -> dict[str, Any]:
    for name, state in definition["States"].items():
        if state["Type"] == "Task":
            state["Resource"] = "arn:aws:states:::lambda:invoke"
            state["Arguments"] = {"FunctionName": arn, "Payload": {"state": name}}
        if name == definition["StartAt"] and "Assign" in state:
            state["Assign"] = dict.fromkeys(state["Assign"], "x")
    return definition


def _said(machines: Any, execution: str) -> dict[str, Any]:
    """What each state of *execution* heard from its function, by the state's name."""
    said: dict[str, Any] = {}
    at = ""
    for page in machines.get_paginator("get_execution_history").paginate(executionArn=execution):
        for event in page["events"]:
            at = event.get("stateEnteredEventDetails", {}).get("name", at)
            if event["type"] in ("TaskSucceeded", "LambdaFunctionSucceeded"):
                told = json.loads(event.get("taskSucceededEventDetails", event.get("lambdaFunctionSucceededEventDetails"))["output"])
                said[at] = told.get("Payload", told)
    return said
