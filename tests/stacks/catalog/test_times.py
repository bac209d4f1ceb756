"""How long states last, and how long people are waited for."""

from pathlib import Path
from typing import Any

import pytest

from stacks.catalog import read
from tests.stacks.catalog.breaking import (
    ERRAND,
    LIMITS,
    PAY,
    SCOUT,
    Break,
    Case,
    add,
    both,
    choice,
    edit,
    swap,
    task,
    told,
)


def asking() -> Break:
    """Let the scout have a tool about which a person may be asked, for as long as the question is open."""

    def change(machine: Any) -> None:
        states = machine["States"]
        states["The scout finds it"]["Assign"]["seconds"] = "{% $states.result.Payload.seconds %}"
        states["Has the scout finished?"]["Choices"].append({"Condition": "{% $outcome = 'approval' %}", "Next": "A person decides"})
        states["A person decides"]["TimeoutSeconds"] = "{% $seconds + 1 %}"

    return both(swap(SCOUT, '["find_thing"]', '["find_thing", "pay_thing"]'), edit(ERRAND, change))


CASES: dict[str, Case] = {
    "task without timeout": (task(lambda state: state.pop("TimeoutSeconds")), "The scout finds it: needs TimeoutSeconds"),
    "wait without expiry": (
        edit(ERRAND, lambda machine: machine["States"]["A person decides"].pop("TimeoutSeconds")),
        "A person decides: needs TimeoutSeconds, for a person may never answer: a whole number of seconds",
    ),
    "run without timeout": (
        edit(ERRAND, lambda machine: machine.pop("TimeoutSeconds")),
        f"{ERRAND}: needs TimeoutSeconds at the top, so that every run ends",
    ),
    "a time for the run that is computed": (
        edit(ERRAND, lambda machine: machine.update(TimeoutSeconds="{% 600 %}")),
        f"{ERRAND}: needs TimeoutSeconds at the top, so that every run ends: a whole number",
    ),
    "a state that ends before its function": (
        task(lambda state: state.update(TimeoutSeconds=60)),
        "The scout finds it: ends after 60 seconds, and ${AgentScout} after 60, so it may still be at work beside what follows",
    ),
    "a heartbeat that ends before its function": (
        task(lambda state: state.update(HeartbeatSeconds=59)),
        "The scout finds it: ends after 59 seconds, and ${AgentScout} after 60",
    ),
    "a wait that ends before its function": (
        edit(ERRAND, lambda machine: machine["States"]["A person decides"].update(TimeoutSeconds=29)),
        "A person decides: ends after 29 seconds, and ${StepAskPerson} after 29",
    ),
    "a heartbeat that is computed": (
        task(lambda state: state.update(HeartbeatSeconds="{% $beat %}")),
        "The scout finds it: has a heartbeat of {% $beat %}: give a whole number of seconds",
    ),
    "a state that is cut off and tried again": (
        both(
            task(lambda state: [state.update(TimeoutSeconds=60), state["Retry"][0]["ErrorEquals"].append("States.Timeout")]),
            add(LIMITS, '[errand.cut_off]\n"The scout finds it" = "It is late."\n'),
        ),
        "The scout finds it: retries States.Timeout while the function that it cut off may still be at work",
    ),
    "a state that is not cut off after all": (
        add(LIMITS, '[errand.cut_off]\n"The scout finds it" = "It is late."\n'),
        f"{LIMITS}: errand.cut_off.The scout finds it: is no task that ends before its function does: remove this",
    ),
    "a state that is cut off for no reason": (
        both(task(lambda state: state.update(TimeoutSeconds=60)), add(LIMITS, '[errand.cut_off]\n"The scout finds it" = ""\n')),
        f"{LIMITS}: errand.cut_off.The scout finds it: is empty",
    ),
    "a question that is open for longer than the run": (
        both(asking(), swap(PAY, "seconds = 300", "seconds = 600")),
        "The scout finds it: calls an agent whose question to a person is open for 600 seconds, and the whole run may last 600",
    ),
    "a question that is open as long as nobody says": (
        both(asking(), swap(PAY, "seconds = 300", "approvers = 1")),
        "is open for 3600 seconds, and the whole run may last 600",
    ),
    "a pause for longer than the run": (
        edit(ERRAND, lambda machine: machine["States"].update({"Nobody decided": {"Type": "Wait", "Seconds": 600, "End": True}})),
        "Nobody decided: may last 600 seconds, and the whole run 600",
    ),
    "a time that an agent's answer gives": (
        both(asking(), task(lambda state: state["Assign"].update(seconds="{% $states.result.Payload.routing.seconds %}"))),
        "A person decides: lasts {% $seconds + 1 %}, which may be any time: give a whole number; ${StepAskPerson} alone may",
    ),
    "a time that a step says": (
        both(
            asking(),
            edit(
                ERRAND,
                lambda machine: machine["States"]["A person decides"].update(Assign={"seconds": "{% $states.result.Payload.seconds %}"}),
            ),
        ),
        "A person decides: lasts {% $seconds + 1 %}, which may be any time",
    ),
    "a time that is assigned anew": (
        both(asking(), choice(lambda state: state["Choices"][1].update(Assign={"seconds": "{% 1000000 %}"}))),
        "A person decides: lasts {% $seconds + 1 %}, which may be any time",
    ),
    "a time that nobody assigns": (
        both(asking(), task(lambda state: state["Assign"].pop("seconds"))),
        "A person decides: lasts {% $seconds + 1 %}, which may be any time",
    ),
    "a time that is multiplied": (
        both(asking(), edit(ERRAND, lambda machine: machine["States"]["A person decides"].update(TimeoutSeconds="{% $seconds * 9 %}"))),
        "A person decides: lasts {% $seconds * 9 %}, which may be any time",
    ),
    "another wait by the time that a question is open": (
        both(asking(), swap(ERRAND, "${StepAskPerson}", "${StepInquire}")),
        "A person decides: lasts {% $seconds + 1 %}, which may be any time",
    ),
    "an agent's time that is computed": (
        both(asking(), task(lambda state: state.update(TimeoutSeconds="{% $seconds + 1 %}"))),
        "The scout finds it: lasts {% $seconds + 1 %}, which may be any time",
    ),
    "a wait for the whole of the run's time": (
        edit(ERRAND, lambda machine: machine["States"]["A person decides"].update(TimeoutSeconds=600)),
        f"{ERRAND}: A person decides: may last 600 seconds, and the whole run 600: give it less, or the run more",
    ),
    "a heartbeat that is never missed": (
        edit(ERRAND, lambda machine: machine["States"]["A person decides"].update(HeartbeatSeconds=300)),
        "A person decides: has a heartbeat of 300 seconds, which is never missed within its 300",
    ),
    "a wait whose end nobody catches": (
        edit(ERRAND, lambda machine: machine["States"]["A person decides"]["Catch"][0].update(ErrorEquals=["States.HeartbeatTimeout"])),
        "A person decides: waits for somebody who may never answer: catch States.Timeout, and say",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_named(tree: Path, case: str) -> None:
    told(tree, CASES[case])


def test_a_person_may_be_waited_for_as_long_as_the_question_is_open(tree: Path) -> None:
    asking()(tree)
    assert read(tree)


def test_a_state_may_end_before_its_function_for_a_reason(tree: Path) -> None:
    both(task(lambda state: state.update(TimeoutSeconds=60)), add(LIMITS, '[errand.cut_off]\n"The scout finds it" = "It is late."\n'))(tree)
    assert read(tree)
