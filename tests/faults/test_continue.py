"""A turn for which one invocation has no time: it says `continue`, and the state machine comes back until it has ended."""

from typing import Any

from tests.desk import Desk
from tests.faults.cases import STEPS, TWELVE
from tests.faults.room import room
from tests.faults.trial import run_id, submit

SECONDS = 60
"""A time limit within which no second step is begun: a minute must remain for one."""
PAYLOAD_BYTES = 100_000


def test_a_turn_goes_on_in_invocation_after_invocation(twin: Any) -> None:
    with room(twin, seconds=SECONDS), Desk(twin=twin) as desk:
        TWELVE.play(twin.doubles)
        submit(desk, TWELVE, "goes-on")
        run = run_id(desk, TWELVE, "goes-on")
        assert desk.ended(run, seconds=180)["status"] == "succeeded"
        pages = twin.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=desk.run(run)["execution"])
        entered = [event for page in pages for event in page["events"] if event["type"] == "TaskStateEntered"]
    visits = [event for event in entered if event["stateEnteredEventDetails"]["name"] == "Orders looks the order up"]
    assert len(visits) >= STEPS, "one invocation has time for one step of model and tools"
    assert max(len(event["stateEnteredEventDetails"]["input"]) for event in entered) < PAYLOAD_BYTES
