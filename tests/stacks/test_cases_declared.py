"""What long-running cases declare: inquiries, events and compensations. What is wrong with one is named at synth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from stacks.catalog import CatalogError, read
from stacks.catalog.generated import events, inquiries, manifests, workflows

if TYPE_CHECKING:
    from pathlib import Path

PAY = "functions/tools/pay_thing/tool.toml"
INQUIRIES = "policies/inquiries.toml"
EVENTS = "policies/events.toml"
ERRAND = "state_machines/errand.asl.json"
INPUT = "state_machines/errand.input.json"
INQUIRY = """[paid_when]
to = "supplier"
roles = ["responder"]
seconds = 3600
question = "When was it paid?"
[paid_when.about]
agent = "clerk"
field = "paid"
[paid_when.answer]
type = "object"
additionalProperties = false
"""
EVENT = """[thing_lost]
source = "acme.shop"
detail_type = "Thing lost"
workflow = "errand"
tenant = "acme"
principal = "desk"
roles = ["submitter"]
attended = true
[thing_lost.input]
thing = "detail.thing.name"
"""
RETURN = """description = "Take the money back"
effect = "financial"
repeat = "keyed"
identity = ["payment"]
memory = 128
timeout = 5

[input]
type = "object"
required = ["payment", "thing"]
additionalProperties = false

[input.properties.payment]
type = "string"

[input.properties.thing]
type = "string"
"""
COMPENSATION = """
[output.fields]
payment = { label = "record" }
words = { label = "external" }

[compensation]
tool = "return_thing"

[compensation.arguments]
payment = "result.payment"
thing = "arguments.thing"
"""
ASKS: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
    "Arguments": {
        "FunctionName": "${StepInquire}",
        "Payload": {"run": "{% $run %}", "inquiry": "paid_when", "token": "{% $states.context.Task.Token %}"},
    },
    "TimeoutSeconds": 3601,
    "Output": "{% {} %}",
    "Retry": [{"ErrorEquals": ["Lambda.Unknown"], "MaxAttempts": 1, "JitterStrategy": "FULL"}],
    "Catch": [{"ErrorEquals": ["States.Timeout", "States.HeartbeatTimeout"], "Output": "{% {} %}", "Next": "Over"}],
    "End": True,
}


def extend(tree: Path, file: str, text: str) -> None:
    (tree / file).parent.mkdir(parents=True, exist_ok=True)
    with (tree / file).open("a") as opened:
        opened.write(text)


@pytest.fixture
def cases(tree: Path) -> Path:
    """A tree that declares one of each."""
    extend(tree, PAY, COMPENSATION)
    extend(tree, "functions/tools/return_thing/tool.toml", RETURN)
    extend(tree, "functions/tools/return_thing/handler.py", "handler = 1\n")
    extend(tree, "policies/tools/return_thing.json", '{"Version": "2012-10-17", "Statement": []}')
    external = json.loads((tree / INPUT).read_text())
    external["properties"]["thing"]["x-septet-source"] = "external"
    (tree / INPUT).write_text(json.dumps(external))
    extend(tree, EVENTS, EVENT)
    machine = json.loads((tree / ERRAND).read_text())
    machine["States"] = {"Ask": {**ASKS, "Next": "Over"}, "Over": {"Type": "Pass", "Next": machine["StartAt"]}} | machine["States"]
    del machine["States"]["Ask"]["End"]
    machine["StartAt"] = "Ask"
    machine["TimeoutSeconds"] = 7200
    (tree / ERRAND).write_text(json.dumps(machine))
    extend(tree, INQUIRIES, INQUIRY)
    limits = (tree / "policies/workflows.toml").read_text().replace("seconds = ", "seconds = 10")
    (tree / "policies/workflows.toml").write_text(limits)
    return tree


def test_what_is_declared_is_written_for_the_steps_that_read_it(cases: Path) -> None:
    catalog = read(cases)
    assert manifests(catalog)["pay_thing"]["compensation"] == {
        "tool": "return_thing",
        "arguments": {"payment": "result.payment", "thing": "arguments.thing"},
    }
    assert "compensation" not in manifests(catalog)["return_thing"]
    assert inquiries(catalog)["paid_when"]["about"] == {"agent": "clerk", "field": "paid"}
    assert events(catalog)["thing_lost"]["input"] == {"thing": "detail.thing.name"}
    assert workflows(catalog)["errand"]["undoes"] is False, "it does not use the step"
    assert workflows(catalog)["errand"]["starts_runs"] is False


WRONG = {
    "an unknown tool undoes": (
        PAY,
        '"return_thing"',
        '"retrun_thing"',
        "compensation.tool: is 'retrun_thing', did you mean 'return_thing'?",
    ),
    "a tool undoes itself": (PAY, 'tool = "return_thing"', 'tool = "pay_thing"', "compensation.tool: is 'pay_thing'"),
    "a reading tool undoes": (PAY, 'tool = "return_thing"', 'tool = "find_thing"', "undoes nothing"),
    "an argument is missing": (PAY, 'payment = "result.payment"\n', "", "compensation.arguments: lacks 'payment'"),
    "an argument is unknown": (
        PAY,
        'payment = "result.payment"\n',
        'payment = "result.payment"\nsum = "arguments.cents"\n',
        "is no argument",
    ),
    "a text from outside chooses": (PAY, '"result.payment"', '"result.words"', "compensation.arguments.payment: is 'result.words'"),
    "a path leads nowhere": (PAY, '"arguments.thing"', '"arguments.things"', "compensation.arguments.thing: is 'arguments.things'"),
    "nobody may answer so": (INQUIRIES, '"responder"', '"approver"', "names 'approver'"),
    "it is about what is not answered": (INQUIRIES, 'field = "paid"', 'field = "when"', "about.field: is 'when'"),
    "its answer may hold anything": (INQUIRIES, "additionalProperties = false\n", "", "answer: must have type"),
    "it is asked by nobody": (INQUIRIES, "[paid_when]", '[other]\nto = "x"\n[paid_when]', "other: is asked by no state machine"),
    "the wait ends too early": (ERRAND, "3601", "3599", "waits 3599 seconds for an answer that may come within 3600"),
    "an undeclared one is asked": (ERRAND, '"paid_when"', '"paid_wen"', "asks 'paid_wen', did you mean 'paid_when'?"),
    "an event of nobody's": (EVENTS, '"acme.shop"', '"aws.shop"', "only AWS sends events"),
    "an event of an unknown workflow": (EVENTS, '"errand"', '"erand"', "workflow: is 'erand', did you mean 'errand'?"),
    "an event lacks what is needed": (EVENTS, 'thing = "detail', 'other = "detail', "lacks 'thing'"),
    "an event's path is none": (EVENTS, '"detail.thing.name"', '"source"', "input.thing: is 'source': give a path"),
    "an event would be an instruction": (INPUT, '"external"', '"trusted"', "is trusted in errand, and an event is a text from outside"),
    "two events are one": (
        EVENTS,
        "[thing_lost]",
        EVENT.replace("thing_lost", "again") + "[thing_lost]",
        "has the source and detail_type of",
    ),
    "a tenant comes from the event": (EVENTS, 'tenant = "acme"', 'tenant = "detail.tenant"', "is never taken from the event"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named(cases: Path, case: str) -> None:
    file, old, new, said = WRONG[case]
    text = (cases / file).read_text()
    assert old in text
    (cases / file).write_text(text.replace(old, new, 1))
    with pytest.raises(CatalogError) as caught:
        read(cases)
    assert said in str(caught.value)
